// Reads journal entries off the wire. Each is judged alone, so that one that is odd neither hides its neighbours nor stops the
// journal: as long as its seq can be read it keeps its place, flagged, and only what fits its type reaches a handler.
import { createHash } from 'node:crypto'
import { findJsonFault } from '#shared/contracts/json-fault.ts'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'
import { eventBodies, type EventType, JournalEntry } from '#shared/contracts/mqtt/event.ts'
import type { EpochMs } from '#shared/time/clock.ts'

/** A flag of the entry itself; the chain and refusals add theirs at the commit. */
export type EntryFlag = 'invalid_entry' | 'hash_wrong' | 'unknown_type' | 'invalid_body'

export interface ReceivedEntry {
  readonly entry: JournalEntry
  readonly receivedAtMs: EpochMs
  readonly flags: readonly EntryFlag[]
  /** The body as its type wants it; present when handlers may act on it. */
  readonly event: { readonly type: EventType; readonly body: never } | undefined
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** SHA-256 over the canonical JSON of every field but `hash`. */
export function hashOfEntry(entry: Readonly<Record<string, unknown>>): string {
  return sha256(canonicalJson({ ...entry, hash: undefined }))
}

function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventBodies, type)
}

/**
 * Judges one entry. Undefined when not even its place in the journal can be read: such a message is kept aside. Throws
 * nothing for any JSON value.
 */
export function readEntry(raw: unknown, receivedAtMs: EpochMs): ReceivedEntry | undefined {
  const fault = findJsonFault(raw)
  // What cannot be kept is replaced by what is wrong with it; the message itself is kept aside as bytes.
  if (fault !== undefined) return readOddEntry(raw, receivedAtMs, { fault: `${fault.path}: ${fault.message}` })
  const parsed = JournalEntry.safeParse(raw)
  if (!parsed.success) return readOddEntry(raw, receivedAtMs, { raw })
  const entry = parsed.data
  // Over what was sent, fields we do not know included: they are part of what the cabinet hashed.
  if (hashOfEntry(raw as Record<string, unknown>) !== entry.hash)
    return { entry, receivedAtMs, flags: ['hash_wrong'], event: undefined }
  if (!isEventType(entry.type)) return { entry, receivedAtMs, flags: ['unknown_type'], event: undefined }
  const body = eventBodies[entry.type].safeParse(entry.body)
  if (!body.success) return { entry, receivedAtMs, flags: ['invalid_body'], event: undefined }
  return { entry, receivedAtMs, flags: [], event: { type: entry.type, body: body.data as never } }
}

/** An entry that breaks the contract, but whose place, chain and run can be read, keeps its place. */
function readOddEntry(
  raw: unknown,
  receivedAtMs: EpochMs,
  body: Readonly<Record<string, unknown>>,
): ReceivedEntry | undefined {
  const place = JournalEntry.pick({ seq: true, bootId: true, prevHash: true, hash: true }).safeParse(raw)
  if (!place.success) return undefined
  const entry = { ...place.data, atMs: receivedAtMs, type: 'invalid', body: { ...body } }
  return { entry, receivedAtMs, flags: ['invalid_entry'], event: undefined }
}
