import { computed, type ComputedRef } from 'vue'
import { useWebContext } from '../../common/web-context.ts'

/** Whether one's roles may record help that a household got; the server looks at the area too. */
export function useHelping(): ComputedRef<boolean> {
  const { account } = useWebContext()
  return computed(
    () => account.me.value?.roles.some((role) => ['helper', 'desk', 'operator', 'admin'].includes(role)) === true,
  )
}
