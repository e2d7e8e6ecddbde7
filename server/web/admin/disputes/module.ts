import type { AdminModule } from '../admin-module.ts'

export const disputesModule: AdminModule = {
  title: 'disputes',
  home: 'disputes',
  roles: ['operator', 'finance', 'auditor', 'admin'],
  routes: [
    { path: '/disputes', name: 'disputes', component: () => import('./dispute-list-page.vue') },
    { path: '/disputes/:sessionId', name: 'dispute', component: () => import('./dispute-page.vue'), props: true },
  ],
}
