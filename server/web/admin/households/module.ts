import type { AdminModule } from '../admin-module.ts'

export const householdsModule: AdminModule = {
  title: 'households',
  home: 'households',
  roles: ['helper', 'desk', 'operator', 'finance', 'auditor', 'admin', 'farmer'],
  routes: [
    { path: '/households', name: 'households', component: () => import('./household-list-page.vue') },
    {
      path: '/households/:householdCode',
      name: 'household',
      component: () => import('./household-page.vue'),
      props: true,
    },
  ],
}

export const visitsModule: AdminModule = {
  title: 'visits',
  home: 'visits',
  roles: ['helper', 'desk', 'operator', 'finance', 'auditor', 'admin'],
  routes: [{ path: '/visits', name: 'visits', component: () => import('./visit-page.vue') }],
}
