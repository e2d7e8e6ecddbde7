// The unit of work of the ingest: journal entries of one cabinet, in order of seq, each stored once and with everything it
// causes, or not at all. It says how far the journal is committed, which is what the cabinet gets as its ack.
import { and, eq, sql } from 'drizzle-orm'
import type { EventType } from '#shared/contracts/mqtt/event.ts'
import { genesisHash } from '#shared/contracts/mqtt/event.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Effect } from '../context.ts'
import {
  attempt,
  command,
  exec,
  insertRows,
  one,
  type Params,
  statement,
  type Unit,
  type UnitContext,
} from '../db/unit.ts'
import type { EventHandler, EventHandlers, JournalEvent } from './event-handlers.ts'
import type { ReceivedEntry } from './journal-entries.ts'

/** Handlers by event type, in the order of the nouns. */
export type HandlerTable = ReadonlyMap<EventType, ReadonlyArray<EventHandler<never>>>

export function makeHandlerTable(all: readonly EventHandlers[]): HandlerTable {
  const table = new Map<EventType, Array<EventHandler<never>>>()
  for (const handlers of all) {
    for (const [type, handler] of Object.entries(handlers) as Array<[EventType, EventHandler<never>]>) {
      table.set(type, [...(table.get(type) ?? []), handler])
    }
  }
  return table
}

/**
 * How much care a commit takes. `swift`: a refusal undoes the whole unit, which is then run again with care. `careful`: each
 * handler behind a savepoint, refusals become flags. `storing`: handlers are left out, the entry is only kept and flagged.
 */
export type CommitCare = 'swift' | 'careful' | 'storing'

export interface CommitResult {
  /** False when the cabinet is not in the registry; then nothing was stored. */
  readonly isKnown: boolean
  /** The wire's seq up to which everything is committed. */
  readonly throughSeq: number
  readonly committed: number
  readonly duplicates: number
  /** Entries with the seq of a committed one and another hash: the first stays. */
  readonly conflicts: readonly ReceivedEntry[]
  /** Entries beyond a gap; not stored. */
  readonly beyondGap: readonly ReceivedEntry[]
  /** Entries stored with a flag. */
  readonly flagged: ReadonlyArray<{ readonly seq: number; readonly flag: string }>
  readonly effects: readonly Effect[]
}

interface Position {
  committedSeq: number
  lastHash: string
  seqBase: number
  mayRestart: boolean
}

const positionOf = statement<{ cabinetId: string }, Position>(({ db, tables: { journalPositions: t } }, p) =>
  db
    .select({
      committedSeq: t.committedSeq,
      lastHash: t.lastHash,
      seqBase: t.seqBase,
      mayRestart: t.mayRestart,
    })
    .from(t)
    .where(eq(t.cabinetId, p.cabinetId)),
)

/** A journal that went on is never begun anew, so the permission ends with the first entry. */
const movePosition = command(
  (
    { db, tables: { journalPositions: t } },
    p: Params<{ cabinetId: string; committedSeq: number; lastHash: string; seqBase: number }>,
  ) =>
    db
      .update(t)
      .set({
        committedSeq: sql`${p.committedSeq}`,
        lastHash: sql`${p.lastHash}`,
        seqBase: sql`${p.seqBase}`,
        mayRestart: false,
      })
      .where(eq(t.cabinetId, p.cabinetId)),
)

const hashAt = statement<{ cabinetId: string; seq: number }, { hash: string }>(
  ({ db, tables: { journalEntries: t } }, p) =>
    db
      .select({ hash: t.hash })
      .from(t)
      .where(and(eq(t.cabinetId, p.cabinetId), eq(t.seq, p.seq))),
)

/** Runs an entry's handlers; returns their effects, or the code of the refusal that undid them. */
function* runHandlers(
  ctx: UnitContext,
  handlers: HandlerTable,
  event: JournalEvent,
  care: CommitCare,
): Unit<{ effects: readonly Effect[]; refused: string | undefined }> {
  const effects: Effect[] = []
  let refused: string | undefined
  for (const handler of handlers.get(event.type) ?? []) {
    const unit = handler(ctx, event as never)
    if (care === 'swift') {
      effects.push(...(yield* unit))
      continue
    }
    const attempted = yield* attempt(unit)
    if (attempted.ok) effects.push(...attempted.value)
    else refused = attempted.refusal.code
  }
  return { effects, refused }
}

/** Tells a duplicate from a conflict, and from the first entry of a journal that a re-enrolled cabinet began anew. */
function* judgeOld(
  cabinetId: Id,
  position: Position,
  { entry }: ReceivedEntry,
): Unit<'duplicate' | 'conflict' | 'restart'> {
  const stored = yield* one(hashAt.with({ cabinetId, seq: entry.seq + position.seqBase }))
  if (stored?.hash === entry.hash) return 'duplicate'
  return position.mayRestart && entry.seq === 1 && entry.prevHash === genesisHash ? 'restart' : 'conflict'
}

/** Commits entries of one cabinet; `entries` are in order of seq and have no seq twice. */
export function* commitEntries(
  ctx: UnitContext,
  cabinetId: Id,
  entries: readonly ReceivedEntry[],
  handlers: HandlerTable,
  care: CommitCare,
): Unit<CommitResult> {
  const found = yield* one(positionOf.with({ cabinetId }))
  const position = { ...(found ?? { committedSeq: 0, lastHash: genesisHash, seqBase: 0, mayRestart: false }) }
  const conflicts: ReceivedEntry[] = []
  const beyondGap: ReceivedEntry[] = []
  const flagged: Array<{ seq: number; flag: string }> = []
  const effects: Effect[] = []
  const rows: Array<UnitContext['tables']['journalEntries']['$inferInsert']> = []
  let duplicates = 0
  for (const received of found === undefined ? [] : entries) {
    const { entry, event, receivedAtMs } = received
    if (entry.seq <= position.committedSeq) {
      const verdict = yield* judgeOld(cabinetId, position, received)
      if (verdict === 'duplicate') duplicates += 1
      if (verdict === 'conflict') conflicts.push(received)
      if (verdict !== 'restart') continue
      position.seqBase += position.committedSeq
      position.committedSeq = 0
      position.lastHash = genesisHash
    }
    if (entry.seq > position.committedSeq + 1) {
      beyondGap.push(received)
      continue
    }
    const flags: string[] = [...received.flags]
    if (entry.prevHash !== position.lastHash) flags.push('chain_broken')
    const seq = entry.seq + position.seqBase
    if (event !== undefined && care === 'storing') flags.push('handler_failed')
    else if (event !== undefined) {
      const { bootId, atMs } = entry
      const given = { cabinetId, bootId, seq, atMs, receivedAtMs, type: event.type, body: event.body }
      const outcome = yield* runHandlers(ctx, handlers, given, care)
      effects.push(...outcome.effects)
      if (outcome.refused !== undefined) flags.push(outcome.refused)
    }
    const flag = flags.length === 0 ? undefined : flags.join(',')
    if (flag !== undefined) flagged.push({ seq, flag })
    const { bootId, atMs, type, body, prevHash, hash } = entry
    rows.push({ cabinetId, seq, wireSeq: entry.seq, bootId, atMs, receivedAtMs, type, body, prevHash, hash, flag })
    position.committedSeq = entry.seq
    position.lastHash = entry.hash
    position.mayRestart = false
  }
  if (rows.length > 0) {
    yield* insertRows(ctx.tables.journalEntries, rows)
    const { committedSeq, lastHash, seqBase } = position
    yield* exec(movePosition.with({ cabinetId, committedSeq, lastHash, seqBase }))
  }
  const throughSeq = position.committedSeq
  const isKnown = found !== undefined
  return { isKnown, throughSeq, committed: rows.length, duplicates, conflicts, beyondGap, flagged, effects }
}
