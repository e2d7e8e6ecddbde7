import { computed, type ComputedRef } from 'vue'
import type { Role } from '#shared/contracts/http/route.ts'
import { useWebContext } from '../common/web-context.ts'

/** True while who is signed in holds one of the roles; the server decides all the same. */
export function useRoles(...roles: readonly Role[]): ComputedRef<boolean> {
  const { account } = useWebContext()
  return computed(() => account.me.value?.roles.some((role) => roles.includes(role)) === true)
}
