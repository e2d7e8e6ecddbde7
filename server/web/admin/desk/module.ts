import type { AdminModule } from '../admin-module.ts'

export const warningsModule: AdminModule = {
  title: 'warnings',
  home: 'warnings',
  roles: ['helper', 'desk', 'operator', 'finance', 'auditor', 'admin'],
  routes: [{ path: '/warnings', name: 'warnings', component: () => import('./warning-list-page.vue') }],
}

export const reconciliationModule: AdminModule = {
  title: 'reconciliation',
  home: 'reconciliation',
  roles: ['finance', 'auditor', 'admin'],
  routes: [{ path: '/reconciliation', name: 'reconciliation', component: () => import('./reconciliation-page.vue') }],
}

export const auditModule: AdminModule = {
  title: 'audit',
  home: 'audit',
  roles: ['auditor', 'admin'],
  routes: [{ path: '/audit', name: 'audit', component: () => import('./audit-page.vue') }],
}
