// What a page's composition root hands to its components, so that nothing below it touches the machine's clock,
// randomness or network by itself.
import { inject, type InjectionKey, type Ref } from 'vue'
import type { Random } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { Account } from './account/account.ts'
import type { Call } from './http/call.ts'
import type { Locale, Words } from './i18n/locale.ts'

export interface WebContext {
  readonly clock: Clock
  readonly random: Random
  readonly call: Call
  readonly account: Account
  readonly locale: Ref<Locale>
  readonly words: Words
  readonly window: Window
}

export const webContextKey: InjectionKey<WebContext> = Symbol('web context')

export function useWebContext(): WebContext {
  const context = inject(webContextKey)
  if (context === undefined) throw new Error('No web context: the composition root must provide one.')
  return context
}
