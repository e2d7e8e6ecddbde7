import type { AdminModule } from '../admin-module.ts'

export const restockingModule: AdminModule = {
  title: 'restocking',
  home: 'restocking',
  roles: ['operator', 'auditor', 'admin'],
  routes: [
    { path: '/restocking', name: 'restocking', component: () => import('./restocking-page.vue') },
    { path: '/restocking/:taskId', name: 'restock-task', component: () => import('./task-page.vue'), props: true },
  ],
}
