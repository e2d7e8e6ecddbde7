// The page's hands: what it sees of one virtual cabinet and the movements it can make there.
import { inject, onScopeDispose, shallowRef, type InjectionKey, type ShallowRef } from 'vue'
import { HandsMessage, type HandsCommand, type HandsState } from '#shared/contracts/demo/hands.ts'
import type { CancelTimer } from '#shared/time/clock.ts'
import { socketUrl, startSocketLink, type LinkStatus } from '../common/live/socket-link.ts'
import type { WebContext } from '../common/web-context.ts'

export const openSocketKey: InjectionKey<(url: string) => WebSocket> = Symbol('open socket')

export type VirtualItem = HandsState['inHand'][number]
export type VirtualLane = HandsState['lanes'][number]
export type FaultName = Extract<HandsCommand, { hand: 'set-fault' }>['fault']

export interface Hands {
  readonly state: ShallowRef<HandsState | undefined>
  /** Why the last movement was not possible; goes away by itself. */
  readonly refusal: ShallowRef<string | undefined>
  readonly status: Readonly<ShallowRef<LinkStatus>>
  act(command: HandsCommand): void
}

const refusalShownMs = 5_000

/** Joins the hands of one cabinet until the calling scope ends. */
export function joinHands(code: string, { clock, random, window }: WebContext): Hands {
  const openSocket = inject(openSocketKey)
  if (openSocket === undefined) throw new Error('No socket: the composition root must provide one.')
  const state = shallowRef<HandsState>()
  const refusal = shallowRef<string>()
  let cancelRefusal: CancelTimer = () => {}
  const link = startSocketLink<HandsMessage, HandsCommand>({
    url: socketUrl(window.location, `/demo/hands/${code}`),
    parse: (payload) => HandsMessage.safeParse(payload).data,
    clock,
    random,
    openSocket,
    page: window,
  })
  link.onMessage((message) => {
    if (message.kind === 'state') {
      state.value = message
      return
    }
    refusal.value = message.why
    cancelRefusal()
    cancelRefusal = clock.setTimer(refusalShownMs, () => (refusal.value = undefined))
  })
  onScopeDispose(() => {
    cancelRefusal()
    link.stop()
  })
  return { state, refusal, status: link.status, act: (command) => void link.send(command) }
}
