import { createRouter, createWebHistory, type RouteLocationNormalized, type Router, START_LOCATION } from 'vue-router'
import type { WebContext } from '../common/web-context.ts'
import ShelfPage from './pages/shelf-page.vue'

/** Decides where a visit really goes: pages that need a person send a stranger to sign in and back. */
async function guard(to: RouteLocationNormalized, { account }: WebContext) {
  // Offline: let the page come up; its own calls say what is wrong and can be tried again.
  let isOffline = false
  const me = await account.load().catch(() => {
    isOffline = true
    return account.me.value
  })
  if (me?.mustChangePassword === true && to.name !== 'password')
    return { name: 'password', query: { next: to.fullPath } }
  if (to.meta['needsSignIn'] === true && me === undefined && !isOffline)
    return { name: 'sign-in', query: { next: to.fullPath } }
  return true
}

export function createBuyerRouter(context: WebContext): Router {
  const router = createRouter({
    history: createWebHistory('/'),
    // A page that has just come is at its top: to say so would have it laid out before there is anything on it.
    scrollBehavior: (_to, from, saved) => saved ?? (from === START_LOCATION ? false : { top: 0 }),
    routes: [
      { path: '/', name: 'home', component: () => import('./pages/home-page.vue') },
      // The address in a cabinet's QR code: the one page that comes with the entry.
      { path: '/c/:code', name: 'shelf', component: ShelfPage, props: true },
      {
        path: '/s/:sessionId',
        name: 'session',
        component: () => import('./pages/session-page.vue'),
        props: true,
        meta: { needsSignIn: true },
      },
      {
        path: '/history',
        name: 'history',
        component: () => import('./pages/history-page.vue'),
        meta: { needsSignIn: true },
      },
      {
        path: '/account',
        name: 'account',
        component: () => import('./pages/account-page.vue'),
        meta: { needsSignIn: true },
      },
      { path: '/pass', name: 'pass', component: () => import('./mine/pass-page.vue'), meta: { needsSignIn: true } },
      {
        path: '/impact',
        name: 'impact',
        component: () => import('./mine/impact-page.vue'),
        meta: { needsSignIn: true },
      },
      { path: '/password', name: 'password', component: () => import('./pages/password-page.vue') },
      { path: '/sign-in', name: 'sign-in', component: () => import('./pages/sign-in-page.vue') },
      { path: '/join', name: 'join', component: () => import('./pages/join-page.vue') },
      { path: '/:rest(.*)*', name: 'missing', component: () => import('./pages/missing-page.vue') },
    ],
  })
  router.beforeEach((to) => guard(to, context))
  return router
}
