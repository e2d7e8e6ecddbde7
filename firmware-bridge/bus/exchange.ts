import type { FrameFormat } from '../framing/framer.ts'
import type { DeviceError } from '../ports/device-error.ts'

/** One request on a bus and what would answer it. Made by drivers, carried out by the bus. */

/** In order of precedence: a door in front of a buyer goes before everything. */
export const priorities = ['unlock', 'lock-state', 'weight', 'temperature'] as const
export type Priority = (typeof priorities)[number]

export type Answer<Reply> =
  | { kind: 'reply'; reply: Reply }
  /** The board understood and refuses or fails. */
  | { kind: 'failure'; error: DeviceError }
  /** A whole frame that answers something else: an echo, a push, a late reply. */
  | { kind: 'other' }

export interface ExchangeOptions<Reply> {
  priority: Priority
  bytes: Uint8Array
  /** What may come in, and what each frame of it answers. */
  format: FrameFormat<Answer<Reply>>
  /** From the last byte sent to the whole reply, ms. */
  replyTimeoutMs: number
  /** How often to ask again after a miss; 0 for whatever moves something. Default 2. */
  retries?: number
  /** Monotonic instant after which the request is dropped unsent with EXPIRED. Default: 5 s after it was queued. */
  deadlineMonotonicMs?: number
  /** Sent although the device is held to be offline. Default false: such a request fails at once. */
  isSentOffline?: boolean
}

/** A protocol's frames, read as answers to one request. */
export function answersFrom<Frame, Reply>(
  format: FrameFormat<Frame>,
  answer: (frame: Frame) => Answer<Reply>,
): FrameFormat<Answer<Reply>> {
  return {
    ...format,
    match(bytes) {
      const match = format.match(bytes)
      return match.kind === 'frame' ? { ...match, frame: answer(match.frame) } : match
    },
  }
}

/** Bytes that nothing answers, or whose answer proves nothing. */
export interface SendOptions {
  priority: Priority
  bytes: Uint8Array
  deadlineMonotonicMs: number
}

/** A device's way to its bus: everything said through it counts for that device's health. */
export interface DeviceLine {
  readonly device: string
  /** Aborts with CANCELLED when the bus is closed. */
  readonly signal: AbortSignal
  exchange<Reply>(options: ExchangeOptions<Reply>): Promise<Reply>
  /** Resolves when the bytes have left. Never sent twice, never sent late. */
  send(options: SendOptions): Promise<void>
  /** Drops the connection with all that may be unsent in it, and connects anew. */
  resetConnection(reason: string): void
}
