import type { AdminModule } from '../admin-module.ts'

export const nearExpiryModule: AdminModule = {
  title: 'nearExpiry',
  home: 'near-expiry',
  roles: ['operator', 'restocker', 'finance', 'auditor', 'admin'],
  routes: [{ path: '/near-expiry', name: 'near-expiry', component: () => import('./near-expiry-page.vue') }],
}
