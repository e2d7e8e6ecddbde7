// The composition root's common part: makes a page's context from the browser's own clock, randomness and network.
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { createAccount } from './account/account.ts'
import { createCall, type Call } from './http/call.ts'
import { createLocale, readWords } from './i18n/locale.ts'
import type { WebContext } from './web-context.ts'

export function createWebContext(window: Window): WebContext {
  const account = createAccount(() => call, window)
  const call: Call = createCall({ fetch: window.fetch.bind(window), onSignedOut: () => account.lapse() })
  return {
    clock: systemClock,
    random: systemRandom,
    call,
    account,
    locale: createLocale(window),
    words: readWords(window.document),
    window,
  }
}
