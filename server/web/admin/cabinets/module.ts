import type { AdminModule } from '../admin-module.ts'

export const cabinetsModule: AdminModule = {
  title: 'cabinets',
  home: 'cabinets',
  roles: ['operator', 'restocker', 'auditor', 'admin'],
  routes: [
    { path: '/cabinets', name: 'cabinets', component: () => import('./cabinet-list-page.vue') },
    { path: '/cabinets/:cabinetId', name: 'cabinet', component: () => import('./cabinet-page.vue'), props: true },
  ],
}
