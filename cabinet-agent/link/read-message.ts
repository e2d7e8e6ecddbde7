import { findJsonFault } from '#shared/contracts/json-fault.ts'
import { maxPayloadBytes } from '#shared/contracts/mqtt/topics.ts'

/** A payload as a value, for a schema to judge. Throws when it is too large, no JSON or such as no schema should meet. */
export function readMessage(payload: Buffer): unknown {
  if (payload.length > maxPayloadBytes) throw new RangeError(`${payload.length} bytes`)
  const message: unknown = JSON.parse(payload.toString())
  const fault = findJsonFault(message)
  if (fault !== undefined) throw new RangeError(`${fault.path}: ${fault.message}`)
  return message
}
