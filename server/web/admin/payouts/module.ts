import type { AdminModule } from '../admin-module.ts'

export const payoutsModule: AdminModule = {
  title: 'payouts',
  home: 'payouts',
  roles: ['finance', 'auditor', 'admin'],
  routes: [
    { path: '/payouts', name: 'payouts', component: () => import('./payout-list-page.vue') },
    { path: '/payouts/:batchId', name: 'payout', component: () => import('./payout-page.vue'), props: true },
  ],
}
