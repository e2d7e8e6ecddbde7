// One shopping session as the buyer sees it: asked for once, then followed over the live connection, and asked for
// again whenever that connection may have missed something.
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'
import type { Shelf } from '#shared/contracts/http/shelf.ts'
import { getShelfByCode } from '#shared/contracts/http/shelf.ts'
import type { SessionState, ShoppingSession } from '#shared/contracts/http/open-cabinet.ts'
import { getReceipt, getSession, type LiveUpdate, type Receipt } from '#shared/contracts/http/sessions.ts'
import type { LiveMessage } from '#shared/contracts/mqtt/live.ts'
import type { CancelTimer } from '#shared/time/clock.ts'
import type { WebContext } from '../../common/web-context.ts'
import type { BuyerLive } from './buyer-live.ts'

const unfinished: ReadonlySet<SessionState> = new Set(['authorised', 'open', 'closing'])
/** States in which a receipt may still come. */
const awaited: ReadonlySet<SessionState> = new Set([...unfinished, 'review', 'interrupted', 'cancelled'])

export function isUnfinished(state: SessionState): boolean {
  return unfinished.has(state)
}

/** How often a session is asked for: rarely while the live connection stands, often while it does not. */
const slowPollMs = 15_000
const fastPollMs = 2_500

export interface SessionFeed {
  readonly session: ShallowRef<ShoppingSession | undefined>
  readonly cart: ShallowRef<LiveMessage | undefined>
  readonly receipt: ShallowRef<Receipt | undefined>
  /** Names of the goods, from the cabinet's shelf. */
  readonly shelf: ShallowRef<Shelf | undefined>
  readonly error: ShallowRef<unknown>
  refresh(): Promise<void>
}

/** Follows a session until the calling scope ends. */
export function followSession(sessionId: string, context: WebContext, live: BuyerLive): SessionFeed {
  const { call, clock } = context
  const session = shallowRef<ShoppingSession>()
  const cart = shallowRef<LiveMessage>()
  const receipt = shallowRef<Receipt>()
  const shelf = shallowRef<Shelf>()
  const error = shallowRef<unknown>()
  let cancelPoll: CancelTimer = () => {}
  let isStopped = false

  async function loadShelf(code: string) {
    shelf.value ??= await call(getShelfByCode, { params: { code } }).catch(() => undefined)
  }
  async function refresh() {
    cancelPoll()
    try {
      session.value = await call(getSession, { params: { sessionId } })
      error.value = undefined
      if (session.value.state === 'settled') receipt.value ??= await call(getReceipt, { params: { sessionId } })
      else if (unfinished.has(session.value.state)) await loadShelf(session.value.cabinetCode)
    } catch (caught) {
      error.value = caught
    }
    schedule()
  }
  function schedule() {
    cancelPoll()
    if (isStopped || receipt.value !== undefined) return
    if (session.value !== undefined && !awaited.has(session.value.state)) return
    const pauseMs = live.status.value === 'open' ? slowPollMs : fastPollMs
    cancelPoll = clock.setTimer(pauseMs, () => void refresh())
  }
  function take(update: LiveUpdate) {
    if (update.kind === 'receipt' && update.receipt.sessionId === sessionId) {
      receipt.value = update.receipt
      void refresh()
    } else if (update.kind === 'session' && update.session.sessionId === sessionId) {
      session.value = update.session
      if (update.session.state === 'settled' && receipt.value === undefined) void refresh()
      else void loadShelf(update.session.cabinetCode)
    } else if (update.kind === 'cart' && update.live.sessionId === sessionId) {
      if (update.live.atMs >= (cart.value?.atMs ?? 0)) cart.value = update.live
    }
  }
  const stopListening = live.onUpdate(take)
  // What happened while the connection was down is not told again: ask.
  watch(live.status, (status) => {
    if (status === 'open') void refresh()
    else schedule()
  })
  onScopeDispose(() => {
    isStopped = true
    cancelPoll()
    stopListening()
  })
  void refresh()
  return { session, cart, receipt, shelf, error, refresh }
}
