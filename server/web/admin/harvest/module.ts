import type { AdminModule } from '../admin-module.ts'

export const harvestModule: AdminModule = {
  title: 'harvest',
  home: 'harvest',
  roles: ['helper', 'desk', 'operator', 'finance', 'auditor', 'admin'],
  routes: [{ path: '/harvest', name: 'harvest', component: () => import('./harvest-page.vue') }],
}
