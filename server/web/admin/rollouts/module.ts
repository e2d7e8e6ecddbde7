import type { AdminModule } from '../admin-module.ts'

export const rolloutsModule: AdminModule = {
  title: 'rollouts',
  home: 'rollouts',
  roles: ['operator', 'auditor', 'admin'],
  routes: [
    { path: '/rollouts', name: 'rollouts', component: () => import('./rollout-list-page.vue') },
    { path: '/rollouts/:rolloutId', name: 'rollout', component: () => import('./rollout-page.vue'), props: true },
    { path: '/agent-releases', name: 'agent-releases', component: () => import('./release-list-page.vue') },
  ],
}
