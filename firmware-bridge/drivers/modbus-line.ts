import { answersFrom, type Answer, type DeviceLine, type ExchangeOptions, type Priority } from '../bus/exchange.ts'
import { encodeRequest, modbusReplyFormat, type ReadFunction } from '../protocols/modbus-rtu.ts'
import { DeviceError } from '../ports/device-error.ts'

/** Modbus reads and writes as exchanges: an answer counts only from the unit, function and size that was asked. */

export interface ModbusRead {
  unit: number
  function: ReadFunction
  address: number
  /** Registers, or bits with functions 1 and 2. */
  count: number
  priority: Priority
  replyTimeoutMs: number
}

/** The bytes of the registers (two each, high first) or bits (eight to a byte). Holds no state: a driver makes it once. */
export function readExchange(read: ModbusRead): ExchangeOptions<Uint8Array> {
  const dataLength = read.function <= 2 ? Math.ceil(read.count / 8) : read.count * 2
  return {
    priority: read.priority,
    bytes: encodeRequest({ kind: 'read', ...read }),
    replyTimeoutMs: read.replyTimeoutMs,
    format: answersFrom(modbusReplyFormat, (frame): Answer<Uint8Array> => {
      if (frame.unit !== read.unit || frame.kind === 'written' || frame.function !== read.function) {
        return { kind: 'other' }
      }
      if (frame.kind === 'exception') return { kind: 'failure', error: exceptionError(frame) }
      return frame.data.length === dataLength ? { kind: 'reply', reply: frame.data } : { kind: 'other' }
    }),
  }
}

/** Writes registers and waits for the acknowledgement; never repeated by itself. */
export function writeRegisters(
  line: DeviceLine,
  write: { unit: number; address: number; values: readonly number[]; replyTimeoutMs: number },
): Promise<void> {
  const { unit, address, values, replyTimeoutMs } = write
  return line.exchange<void>({
    priority: 'weight',
    bytes: encodeRequest({ kind: 'write', unit, address, values }),
    replyTimeoutMs,
    retries: 0,
    format: answersFrom(modbusReplyFormat, (frame): Answer<void> => {
      if (frame.unit !== unit) return { kind: 'other' }
      if (frame.kind === 'exception' && frame.function === 16) return { kind: 'failure', error: exceptionError(frame) }
      const isOurs = frame.kind === 'written' && frame.address === address && frame.count === values.length
      return isOurs ? { kind: 'reply', reply: undefined } : { kind: 'other' }
    }),
  })
}

const exceptionNames: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal address',
  3: 'illegal value',
  4: 'device failure',
  6: 'busy',
}

function exceptionError({ unit, code }: { unit: number; code: number }): DeviceError {
  return new DeviceError('DEVICE_EXCEPTION', `unit ${unit} answers exception ${code} (${exceptionNames[code] ?? '?'})`)
}
