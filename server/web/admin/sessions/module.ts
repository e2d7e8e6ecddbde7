import type { AdminModule } from '../admin-module.ts'

export const sessionsModule: AdminModule = {
  title: 'sessions',
  home: 'sessions',
  roles: ['operator', 'finance', 'auditor', 'admin'],
  routes: [
    { path: '/sessions', name: 'sessions', component: () => import('./session-list-page.vue') },
    { path: '/sessions/reviews', name: 'reviews', component: () => import('./review-queue-page.vue') },
    { path: '/sessions/:sessionId', name: 'session', component: () => import('./session-page.vue'), props: true },
  ],
}
