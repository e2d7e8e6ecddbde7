import { z } from 'zod'
import type { Clock } from '../time/clock.ts'
import type { Random } from './random.ts'

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** A UUID version 7 (RFC 9562) in lower case: sortable by birth, made where the thing is born. */
export const Id = z
  .string()
  .regex(pattern, 'not a UUIDv7 in lower case')
  .meta({ id: 'Id', description: 'UUID version 7, lower case.' })
export type Id = z.infer<typeof Id>

/** The same without a parser's ways, for what is asked of every message. */
export function isId(text: string): text is Id {
  return pattern.test(text)
}

/** Makes an id from 48 bits of time and 74 random bits. */
export function makeId(clock: Pick<Clock, 'now'>, random: Random): Id {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0').slice(-digits)
  const time = hex(clock.now(), 12)
  const a = random.nextUint32()
  const b = random.nextUint32()
  const c = random.nextUint32()
  const variant = hex(0x8000 | (a & 0x3fff), 4)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(a >>> 14, 3)}-${variant}-${hex(b, 8)}${hex(c, 4)}`
}

/** Below every id made at the instant or later; for looking things up by when they were born. */
export function lowestIdAt(atMs: number): string {
  const time = Math.max(0, atMs).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-`
}
