// The buyer's live connection: one WebSocket while somebody is signed in, shared by all pages.
import { inject, shallowRef, watch, type InjectionKey, type ShallowRef } from 'vue'
import type { LiveUpdate } from '#shared/contracts/http/sessions.ts'
import { afterNextFrame } from '../../common/after-next-frame.ts'
import { socketUrl, startSocketLink, type LinkStatus, type SocketLink } from '../../common/live/socket-link.ts'
import type { WebContext } from '../../common/web-context.ts'

export interface BuyerLive {
  readonly status: Readonly<ShallowRef<LinkStatus>>
  onUpdate(listener: (update: LiveUpdate) => void): () => void
}

export const buyerLiveKey: InjectionKey<BuyerLive> = Symbol('buyer live')

export function useBuyerLive(): BuyerLive {
  const live = inject(buyerLiveKey)
  if (live === undefined) throw new Error('No live connection: the composition root must provide one.')
  return live
}

export function createBuyerLive(context: WebContext, openSocket: (url: string) => WebSocket): BuyerLive {
  const { account, clock, random, window } = context
  const status = shallowRef<LinkStatus>('stopped')
  const listeners = new Set<(update: LiveUpdate) => void>()
  let link: SocketLink<LiveUpdate, never> | undefined
  let turn = 0

  /** Comes behind the page: what it may be told of is no part of what a phone waits for. */
  async function start() {
    const own = turn
    await afterNextFrame(window)
    const { LiveUpdate } = await import('#shared/contracts/http/sessions.ts')
    if (own !== turn) return
    const started = startSocketLink<LiveUpdate, never>({
      url: socketUrl(window.location, '/api/live'),
      parse: (payload) => LiveUpdate.safeParse(payload).data,
      clock,
      random,
      openSocket,
      page: window,
    })
    link = started
    watch(started.status, (value) => (status.value = value), { immediate: true })
    started.onMessage((update) => {
      for (const listener of listeners) listener(update)
    })
  }
  // Another account means another connection: the server decides by cookie whose sessions it tells about.
  watch(
    () => account.me.value?.accountId,
    (accountId) => {
      link?.stop()
      link = undefined
      turn += 1
      if (accountId !== undefined) void start()
    },
    { immediate: true },
  )
  return {
    status,
    onUpdate(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
