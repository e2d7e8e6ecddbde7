import type { AdminModule } from '../admin-module.ts'

export const overviewModule: AdminModule = {
  title: 'overview',
  home: 'overview',
  roles: ['operator', 'finance', 'auditor', 'admin'],
  routes: [{ path: '/', name: 'overview', component: () => import('./overview-page.vue') }],
}
