import { createFramer, type Framed, type FrameFormat } from '../framing/framer.ts'
import { DeviceError, type DeviceErrorCode } from '../ports/device-error.ts'
import type { LinkCounters } from '../ports/devices.ts'
import type { Answer } from './exchange.ts'

/** What has come in for one request so far, and, when time is up, why that is no answer. */
export interface Attempt {
  /** True once the request has its answer or failure. */
  readonly isSettled: boolean
  push(bytes: Uint8Array): void
  /** Time is up: what is unfinished becomes junk, and a frame behind it may still be the answer. */
  finish(device: string): void
}

/** `onReply` and `onFailure` are called at most once, and only one of them. */
export function startAttempt<Reply>(
  format: FrameFormat<Answer<Reply>>,
  counters: LinkCounters,
  onReply: (reply: Reply) => void,
  onFailure: (error: DeviceError) => void,
): Attempt {
  const framer = createFramer(format)
  const seen = { bytes: 0, others: 0, badChecksums: 0 }
  let isSettled = false

  const take = (framed: Framed<Answer<Reply>>) => {
    if (framed.kind === 'discarded') {
      counters.discardedBytes += framed.bytes.length
      if (framed.reason === 'checksum') {
        counters.checksumErrors += 1
        seen.badChecksums += 1
      }
      return
    }
    // What comes after the answer answers nothing that was asked.
    const answer: Answer<Reply> = isSettled ? { kind: 'other' } : framed.frame
    if (answer.kind === 'other') {
      counters.lateReplies += 1
      seen.others += 1
      return
    }
    isSettled = true
    counters.replies += 1
    if (answer.kind === 'reply') onReply(answer.reply)
    else onFailure(answer.error)
  }

  return {
    get isSettled() {
      return isSettled
    },
    push(bytes) {
      seen.bytes += bytes.length
      for (const framed of framer.push(bytes)) take(framed)
    },
    finish(device) {
      const wasPartial = framer.pendingLength > 0
      for (const framed of framer.finish()) take(framed)
      if (isSettled) return
      isSettled = true
      counters.timeouts += 1
      const code = missCode(seen, wasPartial)
      onFailure(new DeviceError(code, `${device}: ${missMessages[code]}`))
    },
  }
}

type MissCode = Extract<
  DeviceErrorCode,
  'TIMEOUT_NO_REPLY' | 'TIMEOUT_PARTIAL' | 'CHECKSUM' | 'FRAME_INVALID' | 'REPLY_MISMATCH'
>

const missMessages: Readonly<Record<MissCode, string>> = {
  TIMEOUT_NO_REPLY: 'no reply in time',
  TIMEOUT_PARTIAL: 'the reply broke off',
  CHECKSUM: 'the reply’s checksum is wrong',
  FRAME_INVALID: 'what came is no frame of this protocol',
  REPLY_MISMATCH: 'what came answers another request, or echoes this one',
}

function missCode(seen: { bytes: number; others: number; badChecksums: number }, wasPartial: boolean): MissCode {
  if (seen.bytes === 0) return 'TIMEOUT_NO_REPLY'
  if (seen.badChecksums > 0) return 'CHECKSUM'
  if (wasPartial) return 'TIMEOUT_PARTIAL'
  return seen.others > 0 ? 'REPLY_MISMATCH' : 'FRAME_INVALID'
}
