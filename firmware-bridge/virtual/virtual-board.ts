import type { Clock } from '#shared/time/clock.ts'
import { createFramer, type FrameFormat } from '../framing/framer.ts'

/** A board on a virtual line: hears every byte that is sent there, and speaks when it is spoken to. */

/** A reply and how long after the request it begins, ms. */
export interface BoardReply {
  bytes: Uint8Array
  delayMs: number
}

export interface VirtualBoard {
  /** Bytes on the line, in the order sent; replies come out through what `attach` was given. */
  hear(bytes: Uint8Array): void
  attach(speak: (reply: BoardReply) => void): void
  fault: BoardFault
}

/** How a board misbehaves as a whole. `extraDelayMs` makes every reply late by that much. */
export interface BoardFault {
  isSilent: boolean
  extraDelayMs: number
}

export interface BoardBehaviour<Request> {
  format: FrameFormat<Request>
  /** Does what the request says; undefined when it is for another board or has no answer. */
  obey(request: Request): BoardReply | undefined
}

/** After this much silence a half request is none any more, ms. */
const forgetAfterMs = 50

export function createVirtualBoard<Request>(clock: Clock, behaviour: BoardBehaviour<Request>): VirtualBoard {
  let framer = createFramer(behaviour.format)
  let heardAtMs = 0
  let speak: (reply: BoardReply) => void = () => {}
  const fault: BoardFault = { isSilent: false, extraDelayMs: 0 }
  return {
    fault,
    attach(newSpeak) {
      speak = newSpeak
    },
    hear(bytes) {
      const nowMs = clock.monotonicMs()
      if (nowMs - heardAtMs > forgetAfterMs) framer = createFramer(behaviour.format)
      heardAtMs = nowMs
      for (const framed of framer.push(bytes)) {
        if (framed.kind === 'discarded') continue
        const reply = behaviour.obey(framed.frame)
        if (reply === undefined || fault.isSilent) continue
        speak({ bytes: reply.bytes, delayMs: reply.delayMs + fault.extraDelayMs })
      }
    },
  }
}
