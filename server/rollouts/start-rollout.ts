// Starts a roll-out: who takes part, in which order, in which waves. Nothing is sent yet; the sweep does that.
import { and, asc, eq, inArray, isNotNull, ne } from 'drizzle-orm'
import type { RolloutChange } from '#shared/contracts/http/rollouts.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { findRelease } from '../agent-releases/keep-release.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { findSkusById } from '../catalog/find-goods.ts'
import { insertRows, one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { planWaves } from './rules.ts'

export interface NewRollout {
  readonly title: string
  readonly change: RolloutChange
  readonly cabinetIds?: readonly Id[] | undefined
  readonly waveSizes: readonly number[]
  readonly maxErrorBp: number
  readonly waveTimeoutMs: number
  readonly byAccountId: Id
  readonly createdBy: string
}

const maxNames = 500

/** Refuses cabinets that are unknown, not enrolled, withdrawn or named twice, by their place in the list. */
function* checkNamed(ctx: UnitContext, cabinetIds: readonly Id[]): Unit<readonly Id[]> {
  const { cabinets: t } = ctx.tables
  const known = new Map<Id, boolean>()
  for (let from = 0; from < cabinetIds.length; from += maxNames) {
    const found = yield* rows(
      ctx.db
        .select({ cabinetId: t.cabinetId, publicKey: t.publicKey, rolloutState: t.rolloutState })
        .from(t)
        .where(inArray(t.cabinetId, cabinetIds.slice(from, from + maxNames))),
    )
    for (const row of found) known.set(row.cabinetId, row.publicKey !== null && row.rolloutState !== 'withdrawn')
  }
  const seen = new Set<Id>()
  for (const [index, cabinetId] of cabinetIds.entries()) {
    const place = { field: `cabinetIds.${index}` }
    if (seen.has(cabinetId)) throw new RefusalError('rollout.cabinet_repeated', undefined, place)
    seen.add(cabinetId)
    const isReady = known.get(cabinetId)
    if (isReady === undefined) throw new RefusalError('cabinet.unknown', undefined, place)
    if (!isReady) throw new RefusalError('cabinet.not_enrolled', undefined, place)
  }
  return cabinetIds
}

function* findAll({ db, tables: { cabinets: t } }: UnitContext): Unit<readonly Id[]> {
  const found = yield* rows(
    db
      .select({ cabinetId: t.cabinetId })
      .from(t)
      .where(and(isNotNull(t.publicKey), ne(t.rolloutState, 'withdrawn')))
      .orderBy(asc(t.code)),
  )
  return found.map(({ cabinetId }) => cabinetId)
}

/** What would be refused at every cabinet is refused here, once. */
function* checkChange(ctx: UnitContext, change: RolloutChange): Unit<void> {
  if (change.kind === 'agent') yield* findRelease(ctx, change.version)
  if (change.kind !== 'prices') return
  const skuIds = Object.keys(change.prices)
  const known = yield* findSkusById(ctx, skuIds)
  const unknown = skuIds.find((skuId) => !known.has(skuId))
  if (unknown !== undefined)
    throw new RefusalError('cabinet.sku_unknown', undefined, { field: `change.prices.${unknown}` })
}

/** Refuses with rollout.kind_busy while another one of the kind is under way. */
export function* requireFreeKind({ db, tables: { rollouts: t } }: UnitContext, kind: string): Unit<void> {
  const busy = yield* one(db.select({ rolloutId: t.rolloutId }).from(t).where(eq(t.activeKind, kind)))
  if (busy !== undefined) throw new RefusalError('rollout.kind_busy', `${kind}: ${busy.rolloutId}`)
}

/** Returns the roll-out's id. */
export function* startRollout(ctx: UnitContext, input: NewRollout): Unit<Id> {
  const { title, change, maxErrorBp, waveTimeoutMs, createdBy } = input
  yield* requireFreeKind(ctx, change.kind)
  yield* checkChange(ctx, change)
  const cabinetIds = input.cabinetIds === undefined ? yield* findAll(ctx) : yield* checkNamed(ctx, input.cabinetIds)
  if (cabinetIds.length === 0) throw new RefusalError('rollout.no_cabinets')
  const waveSizes = planWaves(cabinetIds.length, input.waveSizes)
  const rolloutId = ctx.newId()
  const plan = { rolloutId, title, kind: change.kind, change, waveSizes, maxErrorBp, waveTimeoutMs, createdBy }
  yield* insertRows(ctx.tables.rollouts, [
    {
      ...plan,
      state: 'running' as const,
      activeKind: change.kind,
      wave: 0,
      forgivenErrors: 0,
      createdAtMs: ctx.now(),
    },
  ])
  const waveOf = waveSizes.flatMap((size, wave) => Array.from({ length: size }, () => wave))
  yield* insertRows(
    ctx.tables.rolloutCabinets,
    cabinetIds.map((cabinetId, position) => ({
      rolloutId,
      cabinetId,
      position,
      wave: waveOf[position] ?? 0,
      state: 'waiting' as const,
      isGoingBack: false,
      isError: false,
      wasOnline: false,
    })),
  )
  yield* recordAudit(ctx, {
    accountId: input.byAccountId,
    action: 'rollout.started',
    subjectId: rolloutId,
    after: { title, change, cabinets: cabinetIds.length, waveSizes },
  })
  return rolloutId
}
