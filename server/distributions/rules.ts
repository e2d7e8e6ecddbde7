// How an organisation's income is distributed, as pure arithmetic: income − losses, the charter's deductions, then what the
// template says. Each pool is computed once, half-up; every split is by largest remainder with ties by household code
// ascending, so that Σ lines = pool always and the same basis gives the same lines. Source: domain.md, distribution, V1–V5.
import { splitByLargestRemainder } from '#shared/units/fen.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import type { AccountId } from '../ledger/account-kinds.ts'
import { dividendClasses, leastPatronageBp, legalTypeRows, wholeBp } from '../organisations/rules.ts'
import type { CharterTerms, Problem, Template } from '../organisations/rules.ts'
import type { LegalType } from '../organisations/schema.ts'

/** What a household's part is measured by: shares of a class, mu, mass of trade (mg), contribution, or a payee's weight. */
export const measures = ['LAND', 'CAPITAL', 'BASIC', 'COLLECTIVE', 'MU', 'VOLUME', 'CONTRIBUTION', 'PAYEE'] as const
export type Measure = (typeof measures)[number]

/** What a line is paid for: a deduction into a fund, or a part by one of the measures. */
export const steps = ['reserve', 'welfare', 'reinvestment', ...measures] as const
export type Step = (typeof steps)[number]

/** What counts as a member's trade with its co-op: what was delivered to it, or what buyers took and kept of that. */
export const volumeBases = ['delivered', 'sold'] as const
export type VolumeBasis = (typeof volumeBases)[number]

export const planStates = ['draft', 'published', 'adopted', 'rejected', 'withdrawn', 'run', 'reversed'] as const
export type PlanState = (typeof planStates)[number]

const planMoves: Readonly<Record<PlanState, readonly PlanState[]>> = {
  draft: ['published', 'withdrawn'],
  published: ['adopted', 'rejected', 'withdrawn'],
  adopted: ['run', 'withdrawn'],
  rejected: [],
  withdrawn: [],
  run: ['reversed'],
  reversed: [],
}

/** Whether a plan may go from one state to the other. */
export function mayMove(from: PlanState, to: PlanState): boolean {
  return planMoves[from].includes(to)
}

/** States in which a plan's period is taken: no other may distribute its income, and no other second distribution may follow it. */
export const liveStates = ['draft', 'published', 'adopted', 'run'] as const satisfies readonly PlanState[]

/** States from which a plan can still come to be run. */
export const openStates = ['draft', 'published', 'adopted'] as const satisfies readonly PlanState[]

/** One frozen row of what a distribution is computed from. */
export interface BasisRow {
  readonly measure: Measure
  /** '' is the organisation itself, of COLLECTIVE shares. */
  readonly householdCode: string
  /** Whole, > 0. */
  readonly weight: number
}

export interface Terms {
  readonly template: Template
  readonly organisationId: string
  readonly legalType: LegalType
  /** Surplus, net income, or the base of a second distribution; whole fen. */
  readonly incomeFen: number
  /** Made up for before anything else; whole fen, ≥ 0. */
  readonly lossesFen: number
  readonly charter: CharterTerms
}

/** One line. amountFen = floor(poolFen × weight ÷ weightTotal) + roundingFen. */
export interface Line {
  readonly ordinal: number
  readonly step: Step
  /** Undefined: a fund of the organisation. */
  readonly householdCode: string | undefined
  readonly accountId: AccountId
  readonly amountFen: number
  readonly poolFen: number
  readonly weight: number
  readonly weightTotal: number
  readonly roundingFen: number
}

export interface Distribution {
  /** Income − losses − deductions; of a second distribution its pool. */
  readonly distributableFen: number
  /** Σ lines: what leaves the organisation's account. */
  readonly totalFen: number
  readonly lines: readonly Line[]
}

/** Half-up, as every pool is computed once. */
export function partOf(amountFen: number, bp: number): number {
  return Number((BigInt(amountFen) * BigInt(bp) + BigInt(wholeBp / 2)) / BigInt(wholeBp))
}

interface Pool {
  readonly step: Step
  readonly amountFen: number
}

const sumOf = (pools: readonly Pool[]) => pools.reduce((total, pool) => total + pool.amountFen, 0)

/** What the charter sets aside of the income after losses; nothing of a second distribution. */
function deductionsOf({ template, incomeFen, lossesFen, charter }: Terms): Pool[] {
  if (template === 'SECOND') return []
  const baseFen = incomeFen - lossesFen
  return [
    { step: 'reserve', amountFen: partOf(baseFen, charter.reserveBp) },
    { step: 'welfare', amountFen: partOf(baseFen, charter.welfareBp) },
    { step: 'reinvestment', amountFen: partOf(baseFen, charter.reinvestmentBp) },
  ]
}

/** SHARE: by the charter's parts of the share classes. */
function sharePools(amountFen: number, { classes }: CharterTerms): Pool[] {
  if (classes === undefined) return []
  const amounts = splitByLargestRemainder(
    amountFen,
    dividendClasses.map((kind) => classes[kind]),
  )
  return dividendClasses.map((step, index) => ({ step, amountFen: amounts[index] ?? 0 }))
}

/** GUARANTEE_FLOAT: fixed fen per mu first, then the excess as SHARE does. */
function guaranteePools(amountFen: number, charter: CharterTerms, basis: readonly BasisRow[]): Pool[] {
  const guaranteeFen = guaranteeOf(charter, basis)
  return [{ step: 'MU', amountFen: guaranteeFen }, ...sharePools(amountFen - guaranteeFen, charter)]
}

/** What is guaranteed over all mu, half-up. */
function guaranteeOf({ guaranteeFenPerMu = 0 }: CharterTerms, basis: readonly BasisRow[]): number {
  const milliMu = basis.reduce((sum, row) => (row.measure === 'MU' ? sum + BigInt(row.weight) : sum), 0n)
  return Number((milliMu * BigInt(guaranteeFenPerMu) + 500n) / 1000n)
}

/** PATRONAGE: by trade volume, the rest by contribution. Half-up may not fall below the law's 60 % by a fraction of a fen. */
function patronagePools(amountFen: number, { patronageBp = 0 }: CharterTerms): Pool[] {
  const leastFen = Number((BigInt(amountFen) * BigInt(leastPatronageBp) + BigInt(wholeBp - 1)) / BigInt(wholeBp))
  const volumeFen = Math.max(partOf(amountFen, patronageBp), leastFen)
  return [
    { step: 'VOLUME', amountFen: volumeFen },
    { step: 'CONTRIBUTION', amountFen: amountFen - volumeFen },
  ]
}

function poolsOf(terms: Terms, basis: readonly BasisRow[]): { deductions: Pool[]; pools: Pool[] } {
  const { template, incomeFen, lossesFen, charter } = terms
  const deductions = deductionsOf(terms)
  const distributableFen = incomeFen - lossesFen - sumOf(deductions)
  switch (template) {
    case 'PATRONAGE':
      return { deductions, pools: patronagePools(distributableFen, charter) }
    case 'SHARE':
      return { deductions, pools: sharePools(distributableFen, charter) }
    case 'GUARANTEE_FLOAT':
      return { deductions, pools: guaranteePools(distributableFen, charter, basis) }
    case 'SECOND':
      return { deductions, pools: [{ step: 'PAYEE', amountFen: partOf(incomeFen, charter.second?.rateBp ?? 0) }] }
  }
}

/** Why a distribution by these terms cannot be; undefined when it can. */
export function findDistributionProblem(terms: Terms, basis: readonly BasisRow[]): Problem | undefined {
  const { template, incomeFen, lossesFen, charter } = terms
  if (template === 'SECOND' && lossesFen > 0)
    return { field: 'lossesFen', message: 'a second distribution is a part of its base; losses came before' }
  if (incomeFen - lossesFen <= 0) return { field: 'incomeFen', message: 'there is nothing left to distribute' }
  if (template === 'PATRONAGE' && (charter.patronageBp ?? 0) < leastPatronageBp)
    return { field: 'template', message: 'at least 60 % goes by trade volume' }
  if (template === 'GUARANTEE_FLOAT' && charter.guaranteeFenPerMu === undefined)
    return { field: 'template', message: 'the charter guarantees no amount per mu' }
  if (template === 'SECOND' && charter.second === undefined)
    return { field: 'template', message: 'the charter has no second distribution' }
  if (template === 'GUARANTEE_FLOAT') {
    const shortFen = guaranteeOf(charter, basis) - (incomeFen - lossesFen - sumOf(deductionsOf(terms)))
    if (shortFen > 0) return { field: 'incomeFen', message: `the guaranteed amounts exceed it by ${shortFen} fen` }
  }
  const { pools } = poolsOf(terms, basis)
  if (sumOf(pools) === 0) return { field: 'incomeFen', message: 'there is less than a fen to distribute' }
  const present = new Set<Step>(basis.map((row) => row.measure))
  const empty = pools.find((pool) => pool.amountFen > 0 && !present.has(pool.step))
  return empty === undefined ? undefined : { field: 'template', message: `nobody has a part by ${empty.step}` }
}

/** Whether the legal type allows the template (domain.md, distribution). */
export function fitsLegalType(template: Template, legalType: LegalType): boolean {
  const allowed: readonly Template[] = legalTypeRows[legalType].templates
  return allowed.includes(template)
}

function splitPool({ step, amountFen }: Pool, basis: readonly BasisRow[], organisationId: string) {
  const sorted = basis
    .filter((row) => row.measure === step)
    .toSorted((a, b) => (a.householdCode < b.householdCode ? -1 : 1))
  const weightTotal = sorted.reduce((sum, row) => sum + row.weight, 0)
  const amounts = splitByLargestRemainder(
    amountFen,
    sorted.map((row) => row.weight),
  )
  return sorted.map(({ householdCode, weight }, index) => {
    const lineFen = amounts[index] ?? 0
    const floorFen = Number((BigInt(amountFen) * BigInt(weight)) / BigInt(weightTotal))
    return {
      step,
      householdCode: householdCode === '' ? undefined : householdCode,
      accountId:
        householdCode === ''
          ? accountIdOf('fund', `collective-${organisationId}`)
          : accountIdOf('household', householdCode),
      amountFen: lineFen,
      poolFen: amountFen,
      weight,
      weightTotal,
      roundingFen: lineFen - floorFen,
    }
  })
}

/** All lines of a distribution that findDistributionProblem has nothing against. */
export function distribute(terms: Terms, basis: readonly BasisRow[]): Distribution {
  const { organisationId } = terms
  const { deductions, pools } = poolsOf(terms, basis)
  const funds = deductions
    .filter((pool) => pool.amountFen > 0)
    .map(({ step, amountFen }) => ({
      step,
      householdCode: undefined,
      accountId: accountIdOf('fund', `${step}-${organisationId}`),
      amountFen,
      poolFen: amountFen,
      weight: 1,
      weightTotal: 1,
      roundingFen: 0,
    }))
  const parts = pools.filter((pool) => pool.amountFen > 0).flatMap((pool) => splitPool(pool, basis, organisationId))
  const lines = [...funds, ...parts].map((line, ordinal): Line => ({ ordinal, ...line }))
  return {
    distributableFen: sumOf(pools),
    totalFen: lines.reduce((total, line) => total + line.amountFen, 0),
    lines,
  }
}

/** The resolution of a members' meeting, as recorded. */
export interface Resolution {
  readonly presentCount: number
  readonly votesFor: number
  readonly votesAgainst: number
  readonly isAdopted: boolean
}

/** What does not add up in a resolution of so many members; undefined when it does. */
export function findResolutionProblem(resolution: Resolution, memberCount: number): Problem | undefined {
  const { presentCount, votesFor, votesAgainst, isAdopted } = resolution
  if (presentCount > memberCount)
    return { field: 'presentCount', message: `the organisation has ${memberCount} members` }
  if (votesFor + votesAgainst > presentCount)
    return { field: 'votesFor', message: 'there are more votes than members present' }
  if (isAdopted && votesFor * 2 <= presentCount)
    return { field: 'isAdopted', message: 'half of the members present or fewer voted for it' }
  return undefined
}
