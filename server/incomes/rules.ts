// What a household's income comes from, which kind of income that is, and what it comes to per head (domain.md, income kinds:
// per-capita net = (sum of four − operating cost) ÷ population). Everything here is pure.
import type { IncomeKind } from '../attribution/schema.ts'
import type { Template } from '../organisations/rules.ts'

/** UTC+8, no summer time. */
const districtOffsetMs = 8 * 3_600_000

export const incomeSources = [
  'sale',
  'surplus',
  /** Goods lost or given away, paid for by who bears it. */
  'stock-loss',
  'donation',
  'distribution',
  'patronage',
  'second-distribution',
  'wage',
  'grant',
  'cost',
  /** Income of before the platform, entered from the paper register. */
  'history',
] as const
export type IncomeSource = (typeof incomeSources)[number]

/** The kinds a source may be booked as, the one that holds by itself first. History brings its own kind with each row. */
export const kindsOfSource = {
  sale: ['OPERATING'],
  surplus: ['OPERATING'],
  'stock-loss': ['OPERATING'],
  donation: ['OPERATING'],
  distribution: ['PROPERTY'],
  /** A co-op's return by trade volume: some registers take it for the price of the produce. */
  patronage: ['PROPERTY', 'OPERATING'],
  /** The 5 % for poor households: some registers book it as a transfer. */
  'second-distribution': ['PROPERTY', 'TRANSFER'],
  wage: ['WAGE'],
  grant: ['TRANSFER'],
  cost: ['OPERATING_COST'],
  history: ['OPERATING', 'OPERATING_COST', 'PROPERTY', 'WAGE', 'TRANSFER'],
} as const satisfies Record<IncomeSource, readonly [IncomeKind, ...IncomeKind[]]>

/** Which source the dividends of a distribution are, by its template. */
export const sourceOfTemplate = {
  PATRONAGE: 'patronage',
  SHARE: 'distribution',
  GUARANTEE_FLOAT: 'distribution',
  SECOND: 'second-distribution',
} as const satisfies Record<Template, IncomeSource>

/** From when a source counts as which kind. */
export interface MappingRow {
  readonly source: IncomeSource
  readonly effectiveFromMs: number
  readonly incomeKind: IncomeKind
}

/** Of a source: the newest row that holds at the instant, else the shipped one. */
export function kindOf(mapping: readonly MappingRow[], source: IncomeSource, atMs: number): IncomeKind {
  const held = mapping
    .filter((row) => row.source === source && row.effectiveFromMs <= atMs)
    .toSorted((a, b) => b.effectiveFromMs - a.effectiveFromMs)
  return held[0]?.incomeKind ?? kindsOfSource[source][0]
}

/** Fen by kind of income; operating cost is positive. Kinds without any are not in it. */
export type IncomeByKind = ReadonlyMap<IncomeKind, number>

export const cashKinds: readonly IncomeKind[] = ['OPERATING', 'PROPERTY', 'WAGE', 'TRANSFER']

/** Gross cash income: the sum of the four. Operating cost stands apart; goods in kind are no cash. */
export function sumOfKinds(kinds: IncomeByKind | undefined): number {
  return cashKinds.reduce((sum, kind) => sum + (kinds?.get(kind) ?? 0), 0)
}

/** The sum of the four less operating cost. */
export function netOfKinds(kinds: IncomeByKind | undefined): number {
  return sumOfKinds(kinds) - (kinds?.get('OPERATING_COST') ?? 0)
}

/** Whole fen per head, half-up (towards more for a loss of half a fen). */
export function perCapitaOf(netFen: number, population: number): number {
  if (!Number.isSafeInteger(population) || population < 1) throw new RangeError(`population must be > 0: ${population}`)
  const twice = 2n * BigInt(netFen) + BigInt(population)
  const divisor = 2n * BigInt(population)
  const quotient = twice / divisor
  return Number(twice < 0n && twice % divisor !== 0n ? quotient - 1n : quotient)
}

/** The same instant of the day a year earlier in the district's calendar; 1 March for what would be 29 February, never before 1970. */
export function twelveMonthsBefore(beforeMs: number): number {
  const at = new Date(beforeMs + districtOffsetMs)
  return Math.max(0, at.setUTCFullYear(at.getUTCFullYear() - 1) - districtOffsetMs)
}

/** What an import brings: its source, and who pays it. */
export const importKinds = ['wages', 'grants', 'costs', 'history'] as const
export type ImportKind = (typeof importKinds)[number]

export const sourceOfImport = {
  wages: 'wage',
  grants: 'grant',
  costs: 'cost',
  history: 'history',
} as const satisfies Record<ImportKind, IncomeSource>

/**
 * Who pays: `outside` has paid already by other ways and is recorded only; the others owe it now, and a payout pays it out
 * of the organisation's or the fund's account.
 */
export const payers = ['outside', 'organisation', 'relief-fund'] as const
export type Payer = (typeof payers)[number]

const payersOfKind = {
  wages: ['outside', 'organisation'],
  grants: ['outside', 'organisation', 'relief-fund'],
  costs: ['outside'],
  history: ['outside'],
} as const satisfies Record<ImportKind, readonly Payer[]>

export function mayPay(kind: ImportKind, payer: Payer): boolean {
  return (payersOfKind[kind] as readonly Payer[]).includes(payer)
}
