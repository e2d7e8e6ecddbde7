import { onScopeDispose, ref, watch, type Ref } from 'vue'
import { useWebContext } from '../../common/web-context.ts'

const secondMs = 1_000

/** Whole seconds since something began to be busy; for work whose end nobody knows. */
export function useElapsed(isBusy: Ref<boolean>): Ref<number> {
  const { clock } = useWebContext()
  const seconds = ref(0)
  let cancel: (() => void) | undefined
  const count = () => {
    cancel = clock.setTimer(secondMs, () => {
      seconds.value += 1
      count()
    })
  }
  watch(isBusy, (busy) => {
    cancel?.()
    seconds.value = 0
    if (busy) count()
  })
  onScopeDispose(() => cancel?.())
  return seconds
}
