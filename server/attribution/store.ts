// SQL of attribution. The statements of the settle path are prepared once per connection.
import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm'
import type { SQL, SQLWrapper } from 'drizzle-orm'
import { one, rows, statement } from '../db/unit.ts'
import type { Params, Unit, UnitContext } from '../db/unit.ts'
import type { LotFacts, SourceFacts } from './rules.ts'
import { defaultScope } from './schema.ts'

/** Suppliers of these legal types distribute among members; pooled produce belongs to the organisation first. */
const pooledTypes: readonly string[] = ['cooperative', 'share_cooperative', 'village_collective']

/** The newest approved plan of a scope, by the index of plans in force; SQL of a scalar. */
function newestIn({ db, tables: { revenuePlans: t } }: UnitContext, scope: SQLWrapper, atMs: SQLWrapper): SQL {
  // The state is spelled out: only then does the partial index serve.
  const isInForce = and(sql`${t.scope} = ${scope}`, sql`${t.state} = 'approved'`, sql`${t.effectiveFromMs} <= ${atMs}`)
  return sql`(${db.select({ planId: t.planId }).from(t).where(isInForce).orderBy(desc(t.effectiveFromMs)).limit(1)})`
}

const planInForce = statement((ctx, p: Params<{ scope: string; atMs: number }>) => {
  const { revenuePlans: t } = ctx.tables
  const own = newestIn(ctx, p.scope, p.atMs)
  const general = newestIn(ctx, sql.raw(`'${defaultScope}'`), p.atMs)
  return ctx.db
    .select()
    .from(t)
    .where(eq(t.planId, sql`coalesce(${own}, ${general})`))
})

const lotWithSupplier = statement((ctx, p: Params<{ lotId: string }>) => {
  const { lots, suppliers } = ctx.tables
  return ctx.db
    .select({
      supplierId: lots.supplierId,
      receivedAtMs: lots.receivedAtMs,
      organisationId: suppliers.organisationId,
      kind: suppliers.kind,
    })
    .from(lots)
    .innerJoin(suppliers, eq(suppliers.supplierId, lots.supplierId))
    .where(eq(lots.lotId, p.lotId))
})

const sourcesOfLot = statement((ctx, p: Params<{ lotId: string }>) => {
  const { lotSources: s } = ctx.tables
  return ctx.db
    .select({ ordinal: s.ordinal, householdCode: s.householdCode, massMg: s.massMg, units: s.units })
    .from(s)
    .where(eq(s.lotId, p.lotId))
    .orderBy(asc(s.ordinal))
})

export type RevenuePlanRow = UnitContext['tables']['revenuePlans']['$inferSelect']

/** The plan in force for a supplier at an instant: its own, else the default one; undefined when neither is. */
export function* findPlanInForce(supplierId: string | undefined, atMs: number): Unit<RevenuePlanRow | undefined> {
  return yield* one(planInForce.with({ scope: supplierId ?? defaultScope, atMs }))
}

interface KnownSources {
  readonly byLot: Map<string, readonly SourceFacts[]>
  count: number
}

/** Sources of lots that sell, by connection: they are written with their lot and never changed. */
const knownSources = new WeakMap<UnitContext, KnownSources>()
const maxKnownSources = 20_000
/** Longer than any transaction lasts, so that a lot this old has certainly been committed. */
const knownAgeMs = 60_000

function* findSources(ctx: UnitContext, lotId: string, receivedAtMs: number): Unit<readonly SourceFacts[]> {
  let known = knownSources.get(ctx)
  if (known === undefined || known.count > maxKnownSources) {
    known = { byLot: new Map(), count: 0 }
    knownSources.set(ctx, known)
  }
  const before = known.byLot.get(lotId)
  if (before !== undefined) return before
  const sources = (yield* rows(sourcesOfLot.with({ lotId }))).map(({ ordinal, householdCode, massMg, units }) => ({
    ordinal,
    householdCode,
    weight: massMg ?? units ?? 0,
  }))
  if (receivedAtMs < ctx.now() - knownAgeMs) {
    known.byLot.set(lotId, sources)
    known.count += sources.length
  }
  return sources
}

/** What the split needs to know of a lot; undefined when there is no such lot. */
export function* findLotFacts(ctx: UnitContext, lotId: string): Unit<LotFacts | undefined> {
  const lot = yield* one(lotWithSupplier.with({ lotId }))
  if (lot === undefined) return undefined
  const { supplierId, organisationId, kind, receivedAtMs } = lot
  const sources = yield* findSources(ctx, lotId, receivedAtMs)
  return { lotId, supplierId, organisationId, isPooled: pooledTypes.includes(kind), sources }
}

export type PartRow = UnitContext['tables']['attributionParts']['$inferSelect']

export function* findParts(ctx: UnitContext, saleLineIds: readonly string[]): Unit<PartRow[]> {
  if (saleLineIds.length === 0) return []
  const { attributionParts: t } = ctx.tables
  return yield* rows(
    ctx.db.select().from(t).where(inArray(t.saleLineId, saleLineIds)).orderBy(asc(t.saleLineId), asc(t.ordinal)),
  )
}
