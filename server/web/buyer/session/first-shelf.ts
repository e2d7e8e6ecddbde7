// The shelf of the code that was scanned, asked for while the page is still put together: the server has named it beside the page
// (server/http/pages.ts), so it is on its way already, and the page is drawn once, with it.
import { inject, type InjectionKey } from 'vue'
import { getShelfByCode, type Shelf } from '#shared/contracts/http/shelf.ts'
import type { WebContext } from '../../common/web-context.ts'
import { readCabinetCode } from './cabinet-code.ts'

/** Prices and counts change: whoever asks later than this is not answered with what was then. */
const freshMs = 5_000

export interface FirstShelf {
  /** The reply, for whoever asks first and soon; undefined: ask anew. */
  take(code: string): Promise<Shelf> | undefined
  /** Resolves when the reply has come, or has failed; at once where no code was scanned. */
  readonly settled: Promise<void>
}

export const firstShelfKey: InjectionKey<FirstShelf> = Symbol('first shelf')

export function useFirstShelf(): FirstShelf {
  const first = inject(firstShelfKey)
  if (first === undefined) throw new Error('No first shelf: the composition root must provide one.')
  return first
}

export function askFirstShelf({ call, clock, window }: Pick<WebContext, 'call' | 'clock' | 'window'>): FirstShelf {
  const code = readCabinetCode(window.location.pathname)
  const askedAtMs = clock.monotonicMs()
  let reply = code === undefined ? undefined : call(getShelfByCode, { params: { code } })
  const settled = Promise.allSettled([reply]).then(() => {})
  return {
    settled,
    take(asked) {
      const own = asked === code && clock.monotonicMs() - askedAtMs < freshMs ? reply : undefined
      reply = undefined
      return own
    },
  }
}
