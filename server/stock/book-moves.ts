// The one way goods move: each move takes units of a lot out of one place and puts them into another, and keeps the balances of
// both, in the caller's unit. Sales come this way on the ingest path, so the statements are prepared once per connection.
import { and, eq, gte, sql } from 'drizzle-orm'
import { command, exec, insertRows, rows, statement } from '../db/unit.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { parsePlace } from './rules.ts'
import type { MoveKind, Place } from './rules.ts'

export interface Move {
  readonly kind: MoveKind
  readonly lotId: string
  readonly from: Place
  readonly to: Place
  /** Whole units, > 0. */
  readonly units: number
  /** Default: the move itself. */
  readonly causeId?: string
  readonly reason?: string | undefined
  /** The account; without it a cabinet reported the move. */
  readonly by?: string | undefined
}

export type MoveRow = UnitContext['tables']['stockMoves']['$inferSelect']

interface LaneLotKey {
  readonly cabinetId: string
  readonly laneId: string
  readonly lotId: string
}

const ofLane = ({ tables: { laneStock: t } }: UnitContext, p: Params<LaneLotKey>) =>
  and(eq(t.cabinetId, p.cabinetId), eq(t.laneId, p.laneId), eq(t.lotId, p.lotId))

const putIntoLane = command((ctx, p: Params<LaneLotKey & { units: number }>) => {
  const { laneStock: t } = ctx.tables
  return ctx.db
    .update(t)
    .set({ units: sql`${t.units} + ${p.units}` })
    .where(ofLane(ctx, p))
})

const takeFromLane = command((ctx, p: Params<LaneLotKey & { units: number; atLeast: number }>) => {
  const { laneStock: t } = ctx.tables
  return ctx.db
    .update(t)
    .set({ units: sql`${t.units} - ${p.units}` })
    .where(and(ofLane(ctx, p), gte(t.units, p.atLeast)))
})

const changeDifference = command((ctx, p: Params<LaneLotKey & { units: number }>) => {
  const { laneStock: t } = ctx.tables
  return ctx.db
    .update(t)
    .set({ unitsMissing: sql`${t.unitsMissing} + ${p.units}` })
    .where(ofLane(ctx, p))
})

const putIntoDepot = command((ctx, p: Params<{ lotId: string; units: number }>) => {
  const { lots: t } = ctx.tables
  return ctx.db
    .update(t)
    .set({ unitsAtDepot: sql`${t.unitsAtDepot} + ${p.units}` })
    .where(eq(t.lotId, p.lotId))
})

const takeFromDepot = command((ctx, p: Params<{ lotId: string; units: number; atLeast: number }>) => {
  const { lots: t } = ctx.tables
  return ctx.db
    .update(t)
    .set({ unitsAtDepot: sql`${t.unitsAtDepot} - ${p.units}` })
    .where(and(eq(t.lotId, p.lotId), gte(t.unitsAtDepot, p.atLeast)))
})

const lotOfLane = statement((ctx, p: Params<LaneLotKey>) => {
  const { laneStock: t } = ctx.tables
  return ctx.db.select({ units: t.units }).from(t).where(ofLane(ctx, p))
})

/**
 * Books moves, all or none; returns them as they are kept. Refuses with stock.not_enough when the depot or a lane holds fewer
 * units of the lot than a move takes; a difference may go below zero.
 */
export function* bookMoves(ctx: UnitContext, moves: readonly Move[]): Unit<MoveRow[]> {
  for (const { lotId, from, to, units } of moves) {
    if (!Number.isSafeInteger(units) || units <= 0) throw new RangeError(`units must be > 0: ${units}`)
    yield* takeOut(ctx, from, lotId, units)
    yield* putIn(ctx, to, lotId, units)
  }
  const atMs = ctx.now()
  const kept = moves.map(({ kind, lotId, from, to, units, causeId, reason, by }) => {
    const moveId = ctx.newId()
    const places = { fromPlace: from, toPlace: to }
    return {
      moveId,
      atMs,
      kind,
      lotId,
      ...places,
      units,
      causeId: causeId ?? moveId,
      reason: reason ?? null,
      movedBy: by ?? null,
    }
  })
  yield* insertRows(ctx.tables.stockMoves, kept)
  return kept
}

function* takeOut(ctx: UnitContext, from: Place, lotId: string, units: number): Unit<void> {
  const place = parsePlace(from)
  if (place.kind === 'difference') return yield* changeOrOpen(ctx, { ...place, lotId }, -units)
  if (place.kind !== 'lane' && place.kind !== 'depot') return
  const { kind } = place
  const take =
    kind === 'lane'
      ? takeFromLane.with({ cabinetId: place.cabinetId, laneId: place.laneId, lotId, units, atLeast: units })
      : takeFromDepot.with({ lotId, units, atLeast: units })
  if ((yield* exec(take)) === 1) return
  throw new RefusalError('stock.not_enough', undefined, { field: 'units', facts: { units, place: from } })
}

function* putIn(ctx: UnitContext, to: Place, lotId: string, units: number): Unit<void> {
  const place = parsePlace(to)
  if (place.kind === 'depot') yield* exec(putIntoDepot.with({ lotId, units }))
  else if (place.kind === 'difference') yield* changeOrOpen(ctx, { ...place, lotId }, units)
  else if (place.kind === 'lane') {
    const { cabinetId, laneId } = place
    if ((yield* exec(putIntoLane.with({ cabinetId, laneId, lotId, units }))) === 1) return
    yield* insertRows(ctx.tables.laneStock, [{ cabinetId, laneId, lotId, units, unitsMissing: 0 }])
  }
}

function* changeOrOpen(ctx: UnitContext, { cabinetId, laneId, lotId }: LaneLotKey, units: number): Unit<void> {
  if ((yield* exec(changeDifference.with({ cabinetId, laneId, lotId, units }))) === 1) return
  yield* insertRows(ctx.tables.laneStock, [{ cabinetId, laneId, lotId, units: 0, unitsMissing: units }])
}

/** Units of a lot that lie in a lane by the books. */
export function* unitsOfLot(key: LaneLotKey): Unit<number> {
  const { cabinetId, laneId, lotId } = key
  return (yield* rows(lotOfLane.with({ cabinetId, laneId, lotId })))[0]?.units ?? 0
}
