import type { AdminModule } from '../admin-module.ts'

export const salesModule: AdminModule = {
  title: 'sales',
  home: 'sales',
  roles: ['operator', 'finance', 'desk', 'auditor', 'admin'],
  routes: [{ path: '/sales', name: 'sales', component: () => import('./sales-page.vue') }],
}

export const writeOffsModule: AdminModule = {
  title: 'writeOffs',
  home: 'write-offs',
  roles: ['finance', 'auditor', 'admin'],
  routes: [{ path: '/write-offs', name: 'write-offs', component: () => import('./write-off-page.vue') }],
}
