import type { AdminModule } from '../admin-module.ts'

export const importsModule: AdminModule = {
  title: 'imports',
  home: 'imports',
  roles: ['operator', 'finance', 'admin'],
  routes: [{ path: '/imports', name: 'imports', component: () => import('./import-page.vue') }],
}
