import type { AdminModule } from '../admin-module.ts'

export const goodsModule: AdminModule = {
  title: 'goods',
  home: 'lots',
  roles: ['operator', 'restocker', 'finance', 'auditor', 'admin'],
  routes: [
    { path: '/lots', name: 'lots', component: () => import('./lot-list-page.vue') },
    { path: '/lots/:lotId', name: 'lot', component: () => import('./lot-page.vue'), props: true },
    { path: '/differences', name: 'differences', component: () => import('./difference-list-page.vue') },
    { path: '/losses', name: 'losses', component: () => import('./loss-list-page.vue') },
    { path: '/recalls', name: 'recalls', component: () => import('./recall-list-page.vue') },
    { path: '/recalls/:recallId', name: 'recall', component: () => import('./recall-page.vue'), props: true },
  ],
}
