// Books what buyers paid: splits each sale line by the revenue plan in force when it was sold, posts one transfer per part
// from the payment channel, and keeps every part with its explanation. The hot path of settling.
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { AccountId } from '../ledger/account-kinds.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import type { Transfer } from '../ledger/post-transfers.ts'
import { splitLine } from './rules.ts'
import type { LotFacts, Part } from './rules.ts'
import { findLotFacts, findPlanInForce } from './store.ts'
import type { RevenuePlanRow } from './store.ts'

export interface SoldLine {
  readonly saleLineId: string
  /** What was charged, whole fen ≥ 0; a line of 0 fen books nothing. */
  readonly amountFen: number
  readonly isCertified: boolean
  readonly lotId: string | undefined
}

export interface SoldLines {
  readonly lines: readonly SoldLine[]
  /** The payment port's channel; debited. */
  readonly channel: AccountId
  /** When the goods were sold: decides which plan holds. Epoch ms. */
  readonly soldAtMs: number
}

/**
 * Attributes and books sale lines; each line once, whoever repeats it. Refuses with attribution.plan_missing when no approved
 * plan was in force. A line whose lot is unknown is booked to the account of unattributed sales.
 */
export function* attributeSaleLines(ctx: UnitContext, { lines, channel, soldAtMs }: SoldLines): Unit<void> {
  const lots = new Map<string, LotFacts | undefined>()
  const plans = new Map<string | undefined, RevenuePlanRow>()
  const lineRows: Array<typeof ctx.tables.attributedLines.$inferInsert> = []
  const partRows: Array<typeof ctx.tables.attributionParts.$inferInsert> = []
  const transfers: Transfer[] = []
  for (const line of lines) {
    if (line.amountFen === 0) continue
    const { saleLineId, amountFen, isCertified, lotId } = line
    if (lotId !== undefined && !lots.has(lotId)) lots.set(lotId, yield* findLotFacts(ctx, lotId))
    const lot = lotId === undefined ? undefined : lots.get(lotId)
    const plan = plans.get(lot?.supplierId) ?? (yield* findPlanInForce(lot?.supplierId, soldAtMs))
    if (plan === undefined) throw new RefusalError('attribution.plan_missing')
    plans.set(lot?.supplierId, plan)
    lineRows.push({
      saleLineId,
      planId: plan.planId,
      amountFen,
      isCertified,
      lotId: lotId ?? null,
      channelAccountId: channel,
      soldAtMs,
    })
    for (const [ordinal, part] of splitLine({ amountFen, isCertified, lot }, plan).entries()) {
      partRows.push(toRow(saleLineId, ordinal, part))
      transfers.push(toTransfer(saleLineId, ordinal, part, channel))
    }
  }
  const outcome = yield* postTransfers(ctx, transfers)
  if (outcome === 'already') return
  yield* insertRows(ctx.tables.attributedLines, lineRows)
  yield* insertRows(ctx.tables.attributionParts, partRows)
}

function toTransfer(saleLineId: string, ordinal: number, part: Part, channel: AccountId): Transfer {
  return {
    debit: channel,
    credit: part.accountId,
    amountFen: part.amountFen,
    cause: { kind: 'sale-line', id: saleLineId },
    leg: String(ordinal),
  }
}

function toRow(saleLineId: string, ordinal: number, part: Part) {
  const {
    role,
    accountId,
    householdCode,
    sourceOrdinal,
    amountFen,
    shareBp,
    shareFen,
    weight,
    weightTotal,
    roundingFen,
  } = part
  return {
    saleLineId,
    ordinal,
    role,
    accountId,
    householdCode: householdCode ?? null,
    sourceOrdinal: sourceOrdinal ?? null,
    amountFen,
    shareBp,
    shareFen,
    weight,
    weightTotal,
    roundingFen,
  }
}
