import type { AdminModule } from '../admin-module.ts'

export const ledgerModule: AdminModule = {
  title: 'ledger',
  home: 'ledger',
  roles: ['finance', 'auditor', 'admin'],
  routes: [
    { path: '/ledger', name: 'ledger', component: () => import('./ledger-page.vue') },
    {
      path: '/ledger/:accountId',
      name: 'ledger-account',
      component: () => import('./entry-list-page.vue'),
      props: true,
    },
  ],
}
