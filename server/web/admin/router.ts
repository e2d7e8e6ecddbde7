import { createRouter, createWebHistory, type RouteLocationNormalized, type Router } from 'vue-router'
import type { WebContext } from '../common/web-context.ts'
import { isAllowed } from './admin-module.ts'
import { modules } from './modules.ts'

/** Strangers sign in; people whose roles do not reach a page are led to the first one that theirs do. */
async function guard(to: RouteLocationNormalized, { account }: WebContext) {
  if (to.name === 'sign-in') return true
  const me = await account.load().catch(() => account.me.value)
  if (me === undefined) return { name: 'sign-in', query: { next: to.fullPath } }
  if (me.mustAddSecondFactor && to.name !== 'security') return { name: 'security', query: { next: to.fullPath } }
  if (to.name === 'security' || to.name === 'no-access' || to.name === 'missing') return true
  const module = modules.find((known) => known.routes.some((route) => route.name === to.name))
  if (module === undefined || isAllowed(module, me.roles)) return true
  const first = modules.find((known) => isAllowed(known, me.roles))
  return to.name === 'overview' && first !== undefined ? { name: first.home } : { name: 'no-access' }
}

export function createAdminRouter(context: WebContext): Router {
  const router = createRouter({
    history: createWebHistory('/admin/'),
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
    routes: [
      ...modules.flatMap((module) => module.routes),
      { path: '/sign-in', name: 'sign-in', component: () => import('./sign-in-page.vue') },
      { path: '/security', name: 'security', component: () => import('./security/security-page.vue') },
      { path: '/no-access', name: 'no-access', component: () => import('./no-access-page.vue') },
      {
        path: '/:rest(.*)*',
        name: 'missing',
        component: () => import('./no-access-page.vue'),
        props: { isMissing: true },
      },
    ],
  })
  router.beforeEach((to) => guard(to, context))
  return router
}
