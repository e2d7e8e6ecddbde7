import type { AdminModule } from '../admin-module.ts'

export const accountsModule: AdminModule = {
  title: 'accounts',
  home: 'accounts',
  roles: ['auditor', 'admin'],
  routes: [
    { path: '/accounts', name: 'accounts', component: () => import('./account-list-page.vue') },
    { path: '/accounts/:accountId', name: 'account', component: () => import('./account-page.vue'), props: true },
  ],
}
