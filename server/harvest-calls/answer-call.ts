// What becomes of a call: an answer before its deadline, the goods at the depot, or neither; whatever is missing then goes to
// the next in rotation.
import { and, asc, eq, lt, lte } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { receiveLot } from '../catalog/receive-lot.ts'
import { exec, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { callForSku } from './call-next.ts'
import { findCalls } from './store.ts'
import type { CallRow } from './store.ts'

interface CallInput {
  readonly viewer: Viewer
  readonly callId: string
}

/** A call in the viewer's scope. Refuses with harvest_call.unknown. */
function* requireCall(ctx: UnitContext, { viewer, callId }: CallInput): Unit<CallRow> {
  const [found] = yield* findCalls(ctx, viewer, eq(ctx.tables.harvestCalls.callId, callId), 1)
  if (found === undefined) throw new RefusalError('harvest_call.unknown')
  return found.call
}

/** Refuses with harvest_call.unknown, answered, deadline_past, and too_many (more than was asked for). */
export function* answerCall(
  ctx: UnitContext,
  input: CallInput & {
    readonly answer: 'accept' | 'decline'
    readonly units?: number | undefined
    readonly reason?: string | undefined
  },
): Unit<void> {
  const call = yield* requireCall(ctx, input)
  const { answer, reason, viewer } = input
  if (call.state === 'lapsed' || (call.state === 'called' && call.answerByMs < ctx.now()))
    throw new RefusalError('harvest_call.deadline_past')
  if (call.state !== 'called') throw new RefusalError('harvest_call.answered')
  const acceptedUnits = answer === 'accept' ? (input.units ?? call.units) : 0
  if (acceptedUnits > call.units)
    throw new RefusalError('harvest_call.too_many', undefined, { field: 'units', facts: { units: call.units } })
  const state = answer === 'accept' ? ('accepted' as const) : ('declined' as const)
  const answered = { answeredAtMs: ctx.now(), answeredBy: viewer.accountId, acceptedUnits }
  const ended = state === 'declined' ? { endedAtMs: ctx.now(), reason: reason ?? null } : {}
  yield* move(ctx, call, { state, ...answered, ...ended }, { accountId: viewer.accountId, reason })
}

/**
 * The goods of an accepted call are at the depot: they become a lot with the household as its source. Refuses with
 * harvest_call.unknown, not_accepted, too_many, and with what makes no lot (catalog.…).
 */
export function* deliverCall(
  ctx: UnitContext,
  input: CallInput & { readonly units: number; readonly harvestedAtMs: number; readonly certificateNumber: string },
): Unit<void> {
  const { viewer, units, harvestedAtMs, certificateNumber } = input
  const { harvestCalls: c, harvestTerms: t } = ctx.tables
  const call = yield* one(ctx.db.select().from(c).where(eq(c.callId, input.callId)))
  if (call === undefined) throw new RefusalError('harvest_call.unknown')
  if (call.state !== 'accepted') throw new RefusalError('harvest_call.not_accepted')
  if (units > call.acceptedUnits)
    throw new RefusalError('harvest_call.too_many', undefined, { field: 'units', facts: { units: call.acceptedUnits } })
  const { skuId, householdCode, termsVersion } = call
  const terms = yield* one(
    ctx.db
      .select({ supplierId: t.supplierId })
      .from(t)
      .where(and(eq(t.skuId, skuId), eq(t.version, termsVersion))),
  )
  const { lot } = yield* receiveLot(ctx, {
    skuId,
    supplierId: terms?.supplierId ?? '',
    harvestedAtMs,
    unitsReceived: units,
    certificateNumber,
    sources: [{ householdCode, units }],
    byAccountId: viewer.accountId,
  })
  const delivered = { state: 'delivered' as const, deliveredUnits: units, lotId: lot.lotId, endedAtMs: ctx.now() }
  yield* move(ctx, call, delivered, { accountId: viewer.accountId })
}

/** Refuses with harvest_call.unknown and harvest_call.answered (over already). */
export function* withdrawCall(ctx: UnitContext, input: CallInput & { readonly reason: string }): Unit<void> {
  const { reason, viewer } = input
  const call = yield* requireCall(ctx, input)
  if (call.state !== 'called' && call.state !== 'accepted') throw new RefusalError('harvest_call.answered')
  const state = call.state === 'called' ? ('withdrawn' as const) : ('failed' as const)
  yield* move(ctx, call, { state, endedAtMs: ctx.now(), reason }, { accountId: viewer.accountId, reason })
}

/** Calls per unit, so that a unit stays short. */
const callsPerUnit = 100
/** So long after the day of delivery the goods may still come. */
const graceMs = 86_400_000

/** Ends what nobody answered or brought in time, calls the next, and closes needs whose day is over. Returns how many calls ended. */
export function* lapseCalls(ctx: UnitContext): Unit<number> {
  const { harvestCalls: c, harvestNeeds: n } = ctx.tables
  const unanswered = yield* rows(
    ctx.db
      .select()
      .from(c)
      .where(and(eq(c.state, 'called'), lt(c.answerByMs, ctx.now())))
      .orderBy(asc(c.answerByMs), asc(c.callId))
      .limit(callsPerUnit),
  )
  const unbrought = yield* rows(
    ctx.db
      .select()
      .from(c)
      .where(and(eq(c.state, 'accepted'), lt(c.deliverByMs, ctx.now() - graceMs)))
      .limit(callsPerUnit),
  )
  for (const call of unanswered) yield* change(ctx, call, { state: 'lapsed', endedAtMs: ctx.now() }, {})
  for (const call of unbrought) yield* change(ctx, call, { state: 'failed', endedAtMs: ctx.now() }, {})
  yield* exec(
    ctx.db
      .update(n)
      .set({ state: 'closed' })
      .where(and(eq(n.state, 'open'), lte(n.deliverByMs, ctx.now() - graceMs))),
  )
  for (const skuId of new Set([...unanswered, ...unbrought].map((call) => call.skuId))) yield* callForSku(ctx, skuId)
  return unanswered.length + unbrought.length
}

type CallChange = Partial<CallRow> & Pick<CallRow, 'state'>
interface ChangedBy {
  readonly accountId?: string
  readonly reason?: string | undefined
}

/** Writes the change and calls the next for what is missing now. */
function* move(ctx: UnitContext, call: CallRow, changes: CallChange, by: ChangedBy): Unit<void> {
  yield* change(ctx, call, changes, by)
  yield* callForSku(ctx, call.skuId)
}

function* change(ctx: UnitContext, call: CallRow, changes: CallChange, by: ChangedBy): Unit<void> {
  const { harvestCalls: t } = ctx.tables
  const { callId } = call
  yield* exec(ctx.db.update(t).set(changes).where(eq(t.callId, callId)))
  yield* recordAudit(ctx, {
    accountId: by.accountId,
    action: `harvest_call.${changes.state}`,
    subjectId: callId,
    why: by.reason,
    before: { state: call.state },
    after: JSON.parse(JSON.stringify(changes)) as Record<string, unknown>,
  })
}
