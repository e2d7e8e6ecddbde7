// Proves that the balances of places are the replay of the moves, that no unit of a lot is anywhere twice or nowhere, and that
// each loss is booked as it says. Reads only; part of the nightly self-check.
import { and, eq, sql } from 'drizzle-orm'
import type { SQL, SQLWrapper } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { proofOver, proveAtOnce, shownProblems } from '../ledger/proof.ts'
import type { Proof } from '../ledger/proof.ts'
import { causeOfLoss } from './record-loss.ts'
import { fixedPlaces, lossKinds } from './rules.ts'

/** Σ moves of a lot into a place less Σ moves out of it. */
function replayed({ tables: { stockMoves: m } }: UnitContext, lotId: SQLWrapper, place: SQL): SQL {
  const isOf = sql`${m.lotId} = ${lotId}`
  return sql`((select coalesce(sum(${m.units}), 0) from ${m} where ${isOf} and ${m.toPlace} = ${place})
    - (select coalesce(sum(${m.units}), 0) from ${m} where ${isOf} and ${m.fromPlace} = ${place}))`
}

const depotIsItsMoves = proofOver({
  name: 'what the depot holds of each lot is the replay of its moves',
  rowsPerSlice: 500,
  from: ({ tables: { lots } }) => ({ table: lots, key: [lots.lotId] }),
  *findWrong(ctx, within) {
    const { lots } = ctx.tables
    const depot = replayed(ctx, lots.lotId, sql`${fixedPlaces.depot}`)
    const supplied = replayed(ctx, lots.lotId, sql`${fixedPlaces.supplier}`)
    const isWrong = sql`(${lots.unitsAtDepot} <> ${depot} or ${lots.unitsReceived} <> -${supplied})`
    const wrong = yield* rows(
      ctx.db.select({ lotId: lots.lotId }).from(lots).where(and(within, isWrong)).limit(shownProblems),
    )
    return wrong.map(({ lotId }) => `lot ${lotId} does not hold at the depot what its moves say`)
  },
})

const lanesAreTheirMoves = proofOver({
  name: 'what each lane holds is the replay of its moves',
  rowsPerSlice: 500,
  from: ({ tables: { laneStock: s } }) => ({ table: s, key: [s.cabinetId, s.laneId, s.lotId] }),
  *findWrong(ctx, within) {
    const { laneStock: s } = ctx.tables
    const placeOf = (kind: string) => sql`${kind} || ':' || ${s.cabinetId} || ':' || ${s.laneId}`
    const lane = replayed(ctx, s.lotId, placeOf('lane'))
    const difference = replayed(ctx, s.lotId, placeOf('difference'))
    const wrong = yield* rows(
      ctx.db
        .select({ cabinetId: s.cabinetId, laneId: s.laneId, lotId: s.lotId })
        .from(s)
        .where(and(within, sql`(${s.units} <> ${lane} or ${s.unitsMissing} <> ${difference})`))
        .limit(shownProblems),
    )
    return wrong.map(
      ({ cabinetId, laneId, lotId }) => `lane ${laneId} of ${cabinetId} does not hold of ${lotId} what its moves say`,
    )
  },
})

const lossesAreBooked = proofOver({
  name: 'every part of a stock loss is booked as it says',
  from: ({ tables: { stockLossParts: p } }) => ({ table: p, key: [p.lossId, p.ordinal] }),
  *findWrong({ db, tables: { stockLossParts: p, stockLosses: l, ledgerTransfers: t } }, within) {
    const causes = lossKinds.map((kind) => sql`when ${sql.raw(`'${kind}'`)} then ${sql.raw(`'${causeOfLoss(kind)}'`)}`)
    const cause = sql`case ${l.kind} ${sql.join(causes, sql` `)} end`
    const isBooked = and(
      sql`${t.id} = ${cause} || ':' || ${p.lossId} || ':' || cast(${p.ordinal} as text)`,
      eq(t.creditAccountId, p.accountId),
      eq(t.amountFen, p.amountFen),
    )
    const wrong = yield* rows(
      db
        .select({ lossId: p.lossId, ordinal: p.ordinal })
        .from(p)
        .innerJoin(l, eq(l.lossId, p.lossId))
        .where(and(within, sql`not exists (select 1 from ${t} where ${isBooked})`))
        .limit(shownProblems),
    )
    return wrong.map(({ lossId, ordinal }) => `part ${ordinal} of stock loss ${lossId} is not booked as it says`)
  },
})

export const stockProofs: readonly Proof[] = [depotIsItsMoves, lanesAreTheirMoves, lossesAreBooked]

/** All proofs of the stock over one snapshot: sentences that name what is wrong; empty when nothing is. */
export function* checkStock(ctx: UnitContext): Unit<string[]> {
  return (yield* proveAtOnce(ctx, stockProofs)).flatMap(({ problems }) => problems)
}
