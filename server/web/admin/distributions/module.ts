import type { AdminModule } from '../admin-module.ts'

const roles = ['operator', 'finance', 'auditor', 'admin'] as const

export const organisationsModule: AdminModule = {
  title: 'organisations',
  home: 'organisations',
  roles,
  routes: [
    { path: '/organisations', name: 'organisations', component: () => import('./organisation-list-page.vue') },
    {
      path: '/organisations/:organisationId',
      name: 'organisation',
      component: () => import('./organisation-page.vue'),
      props: true,
    },
  ],
}

export const distributionsModule: AdminModule = {
  title: 'distributions',
  home: 'distributions',
  roles,
  routes: [
    { path: '/distributions', name: 'distributions', component: () => import('./distribution-list-page.vue') },
    {
      path: '/distributions/:planId',
      name: 'distribution',
      component: () => import('./distribution-page.vue'),
      props: true,
    },
  ],
}
