// SQL of payouts that more than one use case needs.
import { and, asc, desc, eq, like } from 'drizzle-orm'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { batchNoOf, batchNoPrefix, nextBatchState, ordinalOf } from './rules.ts'
import type { BatchMove, PayoutKind, StepRule } from './rules.ts'
import type { partSteps } from './schema.ts'

export type BatchRow = UnitContext['tables']['payoutBatches']['$inferSelect']
export type ProfileRow = UnitContext['tables']['bankProfiles']['$inferSelect']
export type FileRow = UnitContext['tables']['payoutFiles']['$inferSelect']

/** Refuses with payout.unknown. */
export function* requireBatch({ db, tables: { payoutBatches: b } }: UnitContext, batchId: string): Unit<BatchRow> {
  const batch = yield* one(db.select().from(b).where(eq(b.batchId, batchId)))
  if (batch === undefined) throw new RefusalError('payout.unknown')
  return batch
}

export function* requireProfile(ctx: UnitContext, profileId: string, version?: number): Unit<ProfileRow> {
  const { bankProfiles: p } = ctx.tables
  const isVersion = version === undefined ? undefined : eq(p.version, version)
  const found = yield* one(
    ctx.db
      .select()
      .from(p)
      .where(and(eq(p.profileId, profileId), isVersion))
      .orderBy(desc(p.version))
      .limit(1),
  )
  if (found === undefined) throw new RefusalError('payout.profile_unknown', undefined, { field: 'profileId' })
  return found
}

/** Makes a move and writes what comes with it. Refuses with payout.state_wrong when the batch cannot make it now. */
export function* moveBatch(
  ctx: UnitContext,
  batch: BatchRow,
  move: BatchMove,
  change: Partial<BatchRow> = {},
): Unit<BatchRow> {
  const { payoutBatches: b } = ctx.tables
  const state = nextBatchState(batch.state, move)
  const refusal = new RefusalError('payout.state_wrong', undefined, { facts: { state: batch.state, move } })
  if (state === undefined) throw refusal
  const moved = yield* exec(
    ctx.db
      .update(b)
      .set({ ...change, state })
      .where(and(eq(b.batchId, batch.batchId), eq(b.state, batch.state))),
  )
  if (moved !== 1) throw refusal
  return { ...batch, ...change, state }
}

export function* changeBatch(ctx: UnitContext, batch: BatchRow, change: Partial<BatchRow>): Unit<BatchRow> {
  const { payoutBatches: b } = ctx.tables
  yield* exec(ctx.db.update(b).set(change).where(eq(b.batchId, batch.batchId)))
  return { ...batch, ...change }
}

/** The next number of a kind and day; two at once meet on its unique index and one of them is refused. */
export function* nextBatchNo({ db, tables: { payoutBatches: b } }: UnitContext, kind: PayoutKind, day: string) {
  const newest = yield* one(
    db
      .select({ batchNo: b.batchNo })
      .from(b)
      .where(like(b.batchNo, `${batchNoPrefix(kind, day)}%`))
      .orderBy(desc(b.batchNo))
      .limit(1),
  )
  return batchNoOf(kind, day, newest === undefined ? 1 : ordinalOf(newest.batchNo) + 1)
}

export type PartStep = (typeof partSteps)[number]

/** Gives a person a part in the batch. Refuses with payout.person_has_part: one person, one part. */
export function* takePart(ctx: UnitContext, batchId: string, accountId: string, step: PartStep): Unit<void> {
  const { payoutParts: p } = ctx.tables
  const held = yield* one(
    ctx.db
      .select({ step: p.step })
      .from(p)
      .where(and(eq(p.batchId, batchId), eq(p.accountId, accountId))),
  )
  if (held !== undefined)
    throw new RefusalError('payout.person_has_part', undefined, { facts: { part: held.step, wanted: step } })
  yield* insertRows(p, [{ batchId, accountId, step, atMs: ctx.now() }])
}

export function* partsOf({ db, tables: { payoutParts: p } }: UnitContext, batchId: string) {
  return yield* rows(
    db
      .select({ accountId: p.accountId, step: p.step, atMs: p.atMs })
      .from(p)
      .where(eq(p.batchId, batchId))
      .orderBy(asc(p.atMs), asc(p.accountId)),
  )
}

export function* listStepRules({ db, tables: { stepRules: r } }: UnitContext): Unit<StepRule[]> {
  return yield* rows(db.select().from(r).orderBy(asc(r.step), asc(r.fromFen)))
}
