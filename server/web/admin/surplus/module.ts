import type { AdminModule } from '../admin-module.ts'

export const surplusModule: AdminModule = {
  title: 'surplus',
  home: 'surplus',
  roles: ['helper', 'desk', 'operator', 'finance', 'auditor', 'admin'],
  routes: [
    { path: '/surplus', name: 'surplus', component: () => import('./surplus-page.vue') },
    {
      path: '/surplus/orders/:orderId',
      name: 'surplus-order',
      component: () => import('./surplus-order-page.vue'),
      props: true,
    },
    {
      path: '/surplus/:noticeId',
      name: 'surplus-notice',
      component: () => import('./surplus-notice-page.vue'),
      props: true,
    },
  ],
}
