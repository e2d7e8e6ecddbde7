import type { AdminModule } from '../admin-module.ts'

export const alertsModule: AdminModule = {
  title: 'alerts',
  home: 'alerts',
  roles: ['operator', 'finance', 'auditor', 'admin'],
  routes: [{ path: '/alerts', name: 'alerts', component: () => import('./alerts-page.vue') }],
}
