// How a sale line's amount is split, as pure arithmetic: fund first, then the plan's shares, then the household share over the
// lot's sources. Every stage is a largest-remainder split, so Σ parts = amount always and each part can say why it is what
// it is. Sources: domain.md, programme rules (1 % of non-certified goods, attribution inside the lot) and distribution (ties).
import { splitByLargestRemainder } from '#shared/units/fen.ts'
import { accountIdOf, namedAccounts } from '../ledger/account-kinds.ts'
import type { AccountId } from '../ledger/account-kinds.ts'

/** Whole of a share: basis points. */
export const wholeBp = 10_000

export const partRoles = ['household', 'supplier', 'organisation', 'fund', 'operator', 'unattributed'] as const
export type PartRole = (typeof partRoles)[number]

/** What a revenue plan says, in basis points. The four shares sum to `wholeBp`; the fund comes off before them. */
export interface PlanShares {
  readonly householdBp: number
  readonly supplierBp: number
  readonly organisationBp: number
  readonly operatorBp: number
  /** Of non-certified sales only. */
  readonly fundBp: number
}

/** One household's contribution to a lot: mass in mg, or units; the same measure in the whole lot. */
export interface SourceFacts {
  readonly ordinal: number
  readonly householdCode: string
  readonly weight: number
}

export interface LotFacts {
  readonly lotId: string
  readonly supplierId: string
  readonly organisationId: string
  /** The supplier is a co-operative or collective: what no source claims is its members', by its own distribution. */
  readonly isPooled: boolean
  readonly sources: readonly SourceFacts[]
}

export interface LineFacts {
  /** Whole fen, > 0. */
  readonly amountFen: number
  readonly isCertified: boolean
  /** Undefined when nothing says which lot was sold. */
  readonly lot: LotFacts | undefined
}

/** One part of a line. amountFen = floor(shareFen × weight ÷ weightTotal) + roundingFen. */
export interface Part {
  readonly role: PartRole
  readonly accountId: AccountId
  readonly householdCode: string | undefined
  readonly sourceOrdinal: number | undefined
  readonly amountFen: number
  /** The share of the plan that this part comes from, and what that share is in fen. */
  readonly shareBp: number
  readonly shareFen: number
  /** This part's weight within the share: mg or units of a source; 1 of 1 where the share is not split further. */
  readonly weight: number
  readonly weightTotal: number
  /** 1 when the largest remainder gave this part a fen beyond its floor. */
  readonly roundingFen: number
}

/** What is wrong with a plan's shares, as a sentence; undefined when nothing is. */
export function findPlanProblem(shares: PlanShares): string | undefined {
  const { householdBp, supplierBp, organisationBp, operatorBp, fundBp } = shares
  const all = [householdBp, supplierBp, organisationBp, operatorBp, fundBp]
  if (all.some((bp) => !Number.isInteger(bp) || bp < 0 || bp > wholeBp))
    return `every share is a whole number of basis points, 0 to ${wholeBp}`
  const sum = householdBp + supplierBp + organisationBp + operatorBp
  return sum === wholeBp ? undefined : `the four shares sum to ${sum}, not ${wholeBp} basis points`
}

interface Share {
  readonly role: Exclude<PartRole, 'fund'>
  readonly bp: number
}

/** Who takes the plan's shares of this line: a share without a taker goes to the one that stands in for it. */
function takersOf(lot: LotFacts | undefined, plan: PlanShares): Share[] {
  const { householdBp, organisationBp, operatorBp } = plan
  if (lot === undefined)
    return [
      { role: 'unattributed', bp: wholeBp - operatorBp },
      { role: 'operator', bp: operatorBp },
    ]
  const hasSources = lot.sources.length > 0
  const toHouseholds = hasSources ? householdBp : 0
  const toOrganisation = lot.isPooled ? organisationBp + (householdBp - toHouseholds) : 0
  // The supplier has its own share and whatever nobody else takes.
  return [
    { role: 'household', bp: toHouseholds },
    { role: 'supplier', bp: wholeBp - operatorBp - toHouseholds - toOrganisation },
    { role: 'organisation', bp: toOrganisation },
    { role: 'operator', bp: operatorBp },
  ]
}

function accountOf(role: Exclude<PartRole, 'household'>, lot: LotFacts | undefined): AccountId {
  if (role === 'fund') return namedAccounts.reliefFund
  if (role === 'operator') return namedAccounts.operatorFee
  if (role === 'unattributed' || lot === undefined) return namedAccounts.unattributed
  return role === 'supplier' ? accountIdOf('supplier', lot.supplierId) : accountIdOf('organisation', lot.organisationId)
}

/** Half-up, as the fund is computed once per line. */
export function fundFenOf(amountFen: number, fundBp: number): number {
  return Math.floor((amountFen * fundBp + wholeBp / 2) / wholeBp)
}

function splitHouseholdShare(share: { bp: number; fen: number }, lot: LotFacts): Part[] {
  // Ties go to the lower household code (domain.md, distribution).
  const sources = lot.sources.toSorted((a, b) =>
    a.householdCode === b.householdCode ? a.ordinal - b.ordinal : a.householdCode < b.householdCode ? -1 : 1,
  )
  const weights = sources.map((source) => source.weight)
  const weightTotal = weights.reduce((sum, weight) => sum + weight, 0)
  const amounts = splitByLargestRemainder(share.fen, weights)
  return sources.map((source, index) => {
    const amountFen = amounts[index] ?? 0
    const floorFen = Number((BigInt(share.fen) * BigInt(source.weight)) / BigInt(weightTotal))
    return {
      role: 'household',
      accountId: accountIdOf('household', source.householdCode),
      householdCode: source.householdCode,
      sourceOrdinal: source.ordinal,
      amountFen,
      shareBp: share.bp,
      shareFen: share.fen,
      weight: source.weight,
      weightTotal,
      roundingFen: amountFen - floorFen,
    }
  })
}

/** Splits a line's amount. Parts of nothing are left out; Σ parts = amount. */
export function splitLine(line: LineFacts, plan: PlanShares): Part[] {
  const { amountFen, isCertified, lot } = line
  if (!Number.isSafeInteger(amountFen) || amountFen <= 0) throw new RangeError(`amountFen must be > 0: ${amountFen}`)
  const whole = (role: Exclude<PartRole, 'household'>, bp: number, fen: number, roundingFen: number): Part => ({
    role,
    accountId: accountOf(role, lot),
    householdCode: undefined,
    sourceOrdinal: undefined,
    amountFen: fen,
    shareBp: bp,
    shareFen: fen,
    weight: 1,
    weightTotal: 1,
    roundingFen,
  })
  const fundFen = isCertified ? 0 : fundFenOf(amountFen, plan.fundBp)
  const restFen = amountFen - fundFen
  const shares = takersOf(lot, plan)
  const shareFens = splitByLargestRemainder(
    restFen,
    shares.map((share) => share.bp),
  )
  const parts: Part[] = [whole('fund', plan.fundBp, fundFen, 0)]
  for (const [index, { role, bp }] of shares.entries()) {
    const fen = shareFens[index] ?? 0
    if (role === 'household') {
      if (lot !== undefined && fen > 0) parts.push(...splitHouseholdShare({ bp, fen }, lot))
    } else parts.push(whole(role, bp, fen, fen - Math.floor((restFen * bp) / wholeBp)))
  }
  return parts.filter((part) => part.amountFen > 0)
}

/**
 * How much of each part a refund takes back: in proportion to what is left of it, never more than that. Refunding a line
 * bit by bit or at once takes the same sums in the end: all of every part.
 */
export function splitRefund(refundFen: number, leftFens: readonly number[]): number[] {
  const left = leftFens.reduce((sum, fen) => sum + fen, 0)
  if (refundFen > left) throw new RangeError(`refund of ${refundFen} fen exceeds what is left: ${left}`)
  return splitByLargestRemainder(refundFen, leftFens)
}
