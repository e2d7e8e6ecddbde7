/**
 * A person's hands at a virtual cabinet, for the demo's shoppers and restockers and for tests: speaks HandsCommand to the
 * process that holds the boards and sees what a person there would see. It tells the agent and the server nothing.
 */
import { WebSocket } from 'ws'
import { HandsMessage, type HandsCommand, type HandsState } from '#shared/contracts/demo/hands.ts'
import type { Clock } from '#shared/time/clock.ts'
import { createWaiters } from './waiters.ts'

export interface Hands extends Disposable {
  /** What is seen now. */
  readonly state: HandsState
  /**
   * Does something and resolves with the first state in which it shows; rejects when the cabinet does not let hands do
   * that, or nothing shows within `timeoutMs`.
   */
  act(command: HandsCommand, shows: (state: HandsState) => boolean, timeoutMs?: number): Promise<HandsState>
  /** Does something that leaves no certain trace in the state. */
  send(command: HandsCommand): void
  /** Resolves with the first state that fits, from the present one on. */
  waitFor(fits: (state: HandsState) => boolean, timeoutMs?: number): Promise<HandsState>
}

const defaultTimeoutMs = 10_000

/** Connects to `ws://…/hands/{code}` (the fleet) or `ws://…/demo/hands/{code}` (the demo's proxy). */
export async function openHands(url: string, clock: Clock): Promise<Hands> {
  const socket = new WebSocket(url)
  const waiters = createWaiters<HandsState>(clock)
  let state: HandsState | undefined
  socket.on('message', (data: Buffer) => {
    const message = HandsMessage.parse(JSON.parse(data.toString()))
    if (message.kind === 'state') {
      state = message
      waiters.offer(message)
    } else waiters.rejectTagged(message.hand, new Error(`${message.hand}: ${message.why}`))
  })
  socket.on('error', (error) => waiters.end(error))
  socket.on('close', (code) => waiters.end(new Error(`the hands' WebSocket closed with ${code}`)))
  const first = await waiters.wait(() => true, defaultTimeoutMs, 'the first state')

  const send = (command: HandsCommand) => socket.send(JSON.stringify(command))
  return {
    get state() {
      return state ?? first
    },
    send,
    act(command, shows, timeoutMs = defaultTimeoutMs) {
      const shown = waiters.wait(shows, timeoutMs, command.hand)
      send(command)
      return shown
    },
    waitFor(fits, timeoutMs = defaultTimeoutMs) {
      return state !== undefined && fits(state) ? Promise.resolve(state) : waiters.wait(fits, timeoutMs)
    },
    [Symbol.dispose]: () => socket.terminate(),
  }
}
