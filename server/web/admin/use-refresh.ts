import { onMounted, onScopeDispose } from 'vue'
import type { CancelTimer } from '#shared/time/clock.ts'
import { useWebContext } from '../common/web-context.ts'

/**
 * Loads when the page is there and again `everyMs` after each answer, until the page is left. A page that nobody sees
 * does not ask; it does at once when it is looked at again.
 */
export function useRefresh(load: () => Promise<unknown>, everyMs: number): void {
  const { clock, window: page } = useWebContext()
  let cancel: CancelTimer = () => {}
  let isGone = false
  let isHeld = false

  async function refresh() {
    cancel()
    isHeld = page.document.visibilityState === 'hidden'
    if (isHeld) return
    await load()
    if (!isGone) cancel = clock.setTimer(everyMs, () => void refresh())
  }
  function lookAgain() {
    if (isHeld) void refresh()
  }
  onMounted(async () => {
    page.document.addEventListener('visibilitychange', lookAgain)
    await load()
    if (!isGone) cancel = clock.setTimer(everyMs, () => void refresh())
  })
  onScopeDispose(() => {
    isGone = true
    cancel()
    page.document.removeEventListener('visibilitychange', lookAgain)
  })
}
