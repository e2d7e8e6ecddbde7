import type { Bus } from '../bus/bus.ts'
import { answersFrom, type Answer, type ExchangeOptions } from '../bus/exchange.ts'
import { DeviceError } from '../ports/device-error.ts'
import type { Scale, ScaleReading } from '../ports/devices.ts'
import type { ScaleSettings } from '../profile/installation-profile.ts'
import {
  decodeSicsReply,
  encodeSicsCommand,
  sicsLineFormat,
  type SicsCommand,
  type SicsReply,
} from '../protocols/mt-sics.ts'

/**
 * A balance that speaks MT-SICS, alone on its port. It reports net weights only; as this driver never tares, gross is
 * the same. Source: hardware.md, scales C.
 */

type Settings = Extract<ScaleSettings, { driver: 'scale-mt-sics' }>

export function createSicsScale({ replyTimeoutMs }: Settings, bus: Bus, device: string): Scale {
  const ask = <Reply>(command: SicsCommand, answer: (reply: SicsReply) => Answer<Reply>): ExchangeOptions<Reply> => ({
    priority: 'weight',
    bytes: encodeSicsCommand(command),
    replyTimeoutMs,
    format: answersFrom(sicsLineFormat, (text) => answer(decodeSicsReply(text))),
  })
  // "SI" answers at once, "S" only when the load has come to rest.
  const askWeight = () => ask('SI', answerWeight)
  const line = bus.addDevice(device, askWeight)
  return {
    weigh: () => line.exchange(askWeight()),
    async zero() {
      await line.exchange({ ...ask('Z', answerZero), retries: 0 })
    },
  }
}

function answerWeight(reply: SicsReply): Answer<ScaleReading> {
  switch (reply.kind) {
    case 'weight':
      return { kind: 'reply', reply: { grossMg: reply.massMg, netMg: reply.massMg, isStable: reply.isStable } }
    case 'range':
      return { kind: 'reply', reply: { grossMg: 0, netMg: 0, isStable: false, rangeFault: reply.fault } }
    case 'zeroed':
    case 'tared':
    case 'serial-number':
      return { kind: 'other' }
    default:
      return refusal(reply)
  }
}

function answerZero(reply: SicsReply): Answer<void> {
  switch (reply.kind) {
    case 'zeroed':
      return { kind: 'reply', reply: undefined }
    case 'range':
      return failure('DEVICE_EXCEPTION', `zero refused: ${reply.fault}`)
    case 'weight':
    case 'tared':
    case 'serial-number':
      return { kind: 'other' }
    default:
      return refusal(reply)
  }
}

function refusal(reply: Extract<SicsReply, { kind: 'error' | 'not-executable' | 'unknown' }>): Answer<never> {
  if (reply.kind === 'error') return failure('DEVICE_EXCEPTION', `the balance answers error ${reply.code}`)
  if (reply.kind === 'not-executable') return failure('DEVICE_EXCEPTION', 'the balance cannot do that now')
  // A weight in a unit we do not know must not become a guess.
  if (/^S [SD] /.test(reply.line)) return failure('FRAME_INVALID', `not a weight we can read: ${reply.line}`)
  return { kind: 'other' }
}

function failure(code: 'DEVICE_EXCEPTION' | 'FRAME_INVALID', message: string): Answer<never> {
  return { kind: 'failure', error: new DeviceError(code, message) }
}
