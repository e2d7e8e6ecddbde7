// SQL of attribution. The statements of the settle path are prepared once per connection.
import { and, asc, desc, eq, inArray, lte } from 'drizzle-orm'
import { one, rows, statement } from '../db/unit.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import type { LotFacts, SourceFacts } from './rules.ts'
import { defaultScope } from './schema.ts'

/** Suppliers of these legal types distribute among members; pooled produce belongs to the organisation first. */
const pooledTypes: readonly string[] = ['cooperative', 'share_cooperative', 'village_collective']

const planInScope = statement((ctx, p: Params<{ scope: string; atMs: number }>) => {
  const { revenuePlans: t } = ctx.tables
  return ctx.db
    .select()
    .from(t)
    .where(and(eq(t.scope, p.scope), eq(t.state, 'approved'), lte(t.effectiveFromMs, p.atMs)))
    .orderBy(desc(t.effectiveFromMs))
    .limit(1)
})

const lotById = statement((ctx, p: Params<{ lotId: string }>) => {
  const { lots, suppliers } = ctx.tables
  return ctx.db
    .select({ supplierId: lots.supplierId, organisationId: suppliers.organisationId, kind: suppliers.kind })
    .from(lots)
    .innerJoin(suppliers, eq(suppliers.supplierId, lots.supplierId))
    .where(eq(lots.lotId, p.lotId))
})

const sourcesOfLot = statement((ctx, p: Params<{ lotId: string }>) => {
  const { lotSources: t } = ctx.tables
  return ctx.db
    .select({ ordinal: t.ordinal, householdCode: t.householdCode, massMg: t.massMg, units: t.units })
    .from(t)
    .where(eq(t.lotId, p.lotId))
    .orderBy(asc(t.ordinal))
})

export type RevenuePlanRow = UnitContext['tables']['revenuePlans']['$inferSelect']

/** The plan in force for a supplier at an instant: its own, else the default one; undefined when neither is. */
export function* findPlanInForce(supplierId: string | undefined, atMs: number): Unit<RevenuePlanRow | undefined> {
  if (supplierId !== undefined) {
    const own = yield* one(planInScope.with({ scope: supplierId, atMs }))
    if (own !== undefined) return own
  }
  return yield* one(planInScope.with({ scope: defaultScope, atMs }))
}

/** What the split needs to know of a lot; undefined when there is no such lot. */
export function* findLotFacts(lotId: string): Unit<LotFacts | undefined> {
  const lot = yield* one(lotById.with({ lotId }))
  if (lot === undefined) return undefined
  const found = yield* rows(sourcesOfLot.with({ lotId }))
  const sources: SourceFacts[] = found.map(({ ordinal, householdCode, massMg, units }) => ({
    ordinal,
    householdCode,
    weight: massMg ?? units ?? 0,
  }))
  return {
    lotId,
    supplierId: lot.supplierId,
    organisationId: lot.organisationId,
    isPooled: pooledTypes.includes(lot.kind),
    sources,
  }
}

export type PartRow = UnitContext['tables']['attributionParts']['$inferSelect']

export function* findParts(ctx: UnitContext, saleLineIds: readonly string[]): Unit<PartRow[]> {
  if (saleLineIds.length === 0) return []
  const { attributionParts: t } = ctx.tables
  return yield* rows(
    ctx.db.select().from(t).where(inArray(t.saleLineId, saleLineIds)).orderBy(asc(t.saleLineId), asc(t.ordinal)),
  )
}
