// Freezes what a distribution is computed from: the registers as they stood at the distribution date, of a co-op the trade of
// the period with its lots, of a second distribution its payees. The hash says whether anything was changed since.
import { createHash } from 'node:crypto'
import { and, inArray, isNull } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { membersAt, sharesAt } from '../organisations/snapshot-registers.ts'
import type { HeldShares } from '../organisations/snapshot-registers.ts'
import type { SplitRule } from '../organisations/schema.ts'
import type { BasisRow, Measure, Terms, VolumeBasis } from './rules.ts'
import { findTradeVolume } from './trade-volume.ts'
import type { TradedLot } from './trade-volume.ts'

export interface Payee {
  readonly householdCode: string
  /** Of the split rule by_weight only; whole, > 0. */
  readonly weight?: number | undefined
}

export interface BasisRequest {
  readonly organisationId: string
  readonly atMs: number
  readonly periodFromMs: number
  readonly periodToMs: number
  readonly volumeBasis: VolumeBasis | undefined
  readonly payees: readonly Payee[] | undefined
}

export interface FrozenBasis {
  /** By measure and household code. */
  readonly basis: readonly BasisRow[]
  /** The lots behind the trade volume; empty but for co-ops. */
  readonly volumes: ReadonlyArray<TradedLot & { readonly isMember: boolean }>
}

/** Codes asked for in one statement; both dialects bind far more. */
const codesPerStatement = 500

export function* freezeBasis(ctx: UnitContext, terms: Terms, request: BasisRequest): Unit<FrozenBasis> {
  switch (terms.template) {
    case 'PATRONAGE':
      return yield* freezePatronage(ctx, request)
    case 'SECOND':
      return { basis: yield* freezePayees(ctx, request.payees ?? [], terms.charter.second?.split), volumes: [] }
    case 'SHARE':
    case 'GUARANTEE_FLOAT': {
      const held = yield* sharesAt(ctx, request.organisationId, request.atMs)
      const mu = terms.template === 'SHARE' ? [] : measured(held, 'MU', ['LAND'], (holding) => holding.quantityMilli)
      const classes = (['LAND', 'CAPITAL', 'BASIC', 'COLLECTIVE'] as const).flatMap((kind) =>
        measured(held, kind, [kind], (holding) => holding.sharesMilli),
      )
      return { basis: sorted([...mu, ...classes]), volumes: [] }
    }
  }
}

/** Rows of one measure over holdings of some kinds, each household once. */
function measured(
  held: readonly HeldShares[],
  measure: Measure,
  kinds: ReadonlyArray<HeldShares['kind']>,
  weightOf: (holding: HeldShares) => number,
): BasisRow[] {
  const weights = new Map<string, number>()
  for (const holding of held) {
    if (!kinds.includes(holding.kind)) continue
    const code = holding.householdCode ?? ''
    weights.set(code, (weights.get(code) ?? 0) + weightOf(holding))
  }
  return [...weights].map(([householdCode, weight]) => ({ measure, householdCode, weight }))
}

function* freezePatronage(ctx: UnitContext, request: BasisRequest): Unit<FrozenBasis> {
  const { organisationId, atMs } = request
  const members = yield* membersAt(ctx, organisationId, atMs)
  const traded = yield* findTradeVolume(ctx, request, request.volumeBasis ?? 'delivered')
  const volumes = traded.map((row) => ({ ...row, isMember: members.has(row.householdCode) }))
  const masses = new Map<string, number>()
  for (const { householdCode, massMg, isMember } of volumes)
    if (isMember) masses.set(householdCode, (masses.get(householdCode) ?? 0) + massMg)
  const volume = [...masses].map(([householdCode, weight]): BasisRow => ({ measure: 'VOLUME', householdCode, weight }))
  // A member's contribution, and its part of the reserve and of subsidies, all in yuan (domain.md, distribution).
  const held = yield* sharesAt(ctx, organisationId, atMs)
  const contribution = measured(held, 'CONTRIBUTION', ['CAPITAL', 'RESERVE', 'SUBSIDY'], (row) => row.quantityMilli)
  return { basis: sorted([...volume, ...contribution]), volumes }
}

/** Payees of a second distribution with their weights as they stand now. Refuses with distribution.impossible. */
function* freezePayees(ctx: UnitContext, payees: readonly Payee[], split: SplitRule | undefined): Unit<BasisRow[]> {
  const { households: t } = ctx.tables
  const known = new Map<string, { population: number; kind: string }>()
  for (let from = 0; from < payees.length; from += codesPerStatement) {
    const codes = payees.slice(from, from + codesPerStatement).map((payee) => payee.householdCode)
    const found = yield* rows(
      ctx.db
        .select({ householdCode: t.householdCode, population: t.population, kind: t.kind })
        .from(t)
        .where(and(inArray(t.householdCode, codes), isNull(t.takenOutAtMs))),
    )
    for (const { householdCode, population, kind } of found) known.set(householdCode, { population, kind })
  }
  const seen = new Set<string>()
  const basis = payees.map(({ householdCode, weight }, index): BasisRow => {
    const refuse = (message: string) =>
      new RefusalError('distribution.impossible', `row ${index + 1}: ${message}`, { field: `payees.${index}` })
    const household = known.get(householdCode)
    if (household === undefined) throw refuse(`household ${householdCode} is not registered`)
    if (household.kind === 'ORDINARY') throw refuse('a second distribution goes to relief households')
    if (seen.has(householdCode)) throw refuse('the household is named twice')
    seen.add(householdCode)
    if ((split === 'by_weight') !== (weight !== undefined))
      throw refuse(split === 'by_weight' ? 'the weight is missing' : 'the charter splits without weights')
    const parts = { equal: 1, per_head: household.population, by_weight: weight ?? 0 }
    return { measure: 'PAYEE', householdCode, weight: split === undefined ? 1 : parts[split] }
  })
  return sorted(basis)
}

function sorted(basis: readonly BasisRow[]): BasisRow[] {
  const keyOf = (row: BasisRow) => `${row.measure} ${row.householdCode}`
  return basis.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** SHA-256 over terms and basis, hex: equal for equal snapshots, whatever order they were read in. */
export function hashBasis(terms: Terms, basis: readonly BasisRow[]): string {
  const { template, organisationId, legalType, incomeFen, lossesFen, charter } = terms
  const { reserveBp, welfareBp, reinvestmentBp, classes, patronageBp, guaranteeFenPerMu, second } = charter
  const head = [template, organisationId, legalType, incomeFen, lossesFen, reserveBp, welfareBp, reinvestmentBp]
  const parts = [classes?.LAND, classes?.CAPITAL, classes?.BASIC, classes?.COLLECTIVE, patronageBp, guaranteeFenPerMu]
  const hash = createHash('sha256')
  hash.update(JSON.stringify([...head, ...[...parts, second?.rateBp, second?.split].map((part) => part ?? null)]))
  for (const { measure, householdCode, weight } of sorted(basis)) hash.update(`\n${measure} ${householdCode} ${weight}`)
  return hash.digest('hex')
}
