// What one buyer's purchases did: the parts of their sale lines that went to households, by village, less what was taken back.
import { and, eq, gt, sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { Impact } from '#shared/contracts/http/sessions.ts'
import { countRows, sumOf } from '../db/expressions.ts'
import { one, rows, type Unit, type UnitContext } from '../db/unit.ts'

/** Villages by what they got, most first; a household that the register does not have yet is in no village. */
export function* showImpact(ctx: UnitContext, accountId: string): Unit<z.input<typeof Impact>> {
  const { db, tables: t } = ctx
  const own = and(eq(t.shoppingSessions.accountId, accountId), eq(t.shoppingSessions.kind, 'sale'))
  const takenBack = sql`coalesce((select sum(${t.refundedParts.takenFen}) from ${t.refundedParts} where ${and(
    eq(t.refundedParts.saleLineId, t.attributionParts.saleLineId),
    eq(t.refundedParts.ordinal, t.attributionParts.ordinal),
  )}), 0)`
  const bought = yield* one(
    db
      .select({ purchases: countRows(), spentFen: sumOf(t.shoppingSessions.totalFen) })
      .from(t.shoppingSessions)
      .where(and(own, eq(t.shoppingSessions.state, 'settled'), gt(t.shoppingSessions.totalFen, 0))),
  )
  const refunded = yield* one(
    db
      .select({ amountFen: sumOf(t.saleRefunds.amountFen) })
      .from(t.shoppingSessions)
      .innerJoin(t.saleRefunds, eq(t.saleRefunds.sessionId, t.shoppingSessions.sessionId))
      .where(own),
  )
  const earned = yield* rows(
    db
      .select({
        householdCode: t.attributionParts.householdCode,
        villageName: t.villages.name,
        townName: t.villages.townName,
        amountFen: sql`sum(${t.attributionParts.amountFen} - ${takenBack})`.mapWith(Number),
      })
      .from(t.shoppingSessions)
      .innerJoin(t.saleLines, eq(t.saleLines.sessionId, t.shoppingSessions.sessionId))
      .innerJoin(t.attributionParts, eq(t.attributionParts.saleLineId, t.saleLines.saleLineId))
      .innerJoin(t.households, eq(t.households.householdCode, t.attributionParts.householdCode))
      .innerJoin(t.villages, eq(t.villages.villageCode, t.households.villageCode))
      .where(own)
      .groupBy(t.attributionParts.householdCode, t.villages.villageCode, t.villages.name, t.villages.townName),
  )
  const villages = new Map<string, { villageName: string; townName: string; households: number; amountFen: number }>()
  const kept = earned.filter(({ amountFen }) => amountFen > 0)
  for (const { villageName, townName, amountFen } of kept) {
    const key = `${townName}/${villageName}`
    const village = villages.get(key) ?? { villageName, townName, households: 0, amountFen: 0 }
    villages.set(key, { ...village, households: village.households + 1, amountFen: village.amountFen + amountFen })
  }
  return {
    purchases: bought?.purchases ?? 0,
    spentFen: (bought?.spentFen ?? 0) - (refunded?.amountFen ?? 0),
    householdsFen: kept.reduce((sum, { amountFen }) => sum + amountFen, 0),
    households: kept.length,
    villages: [...villages.values()].toSorted((a, b) => b.amountFen - a.amountFen),
  }
}
