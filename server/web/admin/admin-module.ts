import type { RouteRecordRaw } from 'vue-router'
import type { Role } from '#shared/contracts/http/route.ts'
import type { AdminMessages } from './i18n/admin-messages.ts'

/** A domain of the administration: its routes, its place in the menu and who may see it. */
export interface AdminModule {
  /** The domain's name in the menu. */
  readonly title: keyof AdminMessages['menu']
  /** Name of the route that the menu leads to. */
  readonly home: string
  readonly roles: readonly Role[]
  readonly routes: readonly RouteRecordRaw[]
}

export function isAllowed(module: Pick<AdminModule, 'roles'>, roles: readonly Role[]): boolean {
  return module.roles.some((role) => roles.includes(role))
}
