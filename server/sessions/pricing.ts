// The one pricing function: receipts, reviews and previews all come here, and its version is on the receipt. Prices are the
// contract prices frozen when the door was authorised (domain.md, price at door-open); nothing a cabinet reports changes
// them. A bill is never above the money held.
import type { LaneLockReason } from '#shared/contracts/mqtt/twin.ts'
import { splitByLargestRemainder } from '#shared/units/fen.ts'

/** Changes whenever the same input could give another amount. */
export const pricingVersion = 'price-1'

export type PricingMode = 'piece' | 'weight'

/** What a lane promised the buyer when the door was authorised. */
export interface ContractLane {
  readonly laneId: string
  readonly skuId: string
  readonly name: string
  readonly spec: string
  readonly origin: string
  readonly mode: PricingMode
  /** Fen per piece or per kg. */
  readonly priceFen: number
  /** Certified product of a certified supplier, as it stood then. */
  readonly isCertified: boolean
  readonly unitMassMg: number
  /** The lot to blame when the cabinet names none. */
  readonly lotId?: string | undefined
  /** Lots in this lane that were past their date when the door was authorised. */
  readonly expiredLotIds?: readonly string[] | undefined
  /** Why nothing may be sold from this lane; what is taken all the same is not charged. */
  readonly lockReason?: LaneLockReason | undefined
}

/** What a cabinet says was taken (shared/contracts/mqtt/lane.ts, SoldLine). */
export interface TakenLine {
  readonly laneId: string
  readonly skuId: string
  readonly lotId?: string | undefined
  readonly mode: PricingMode
  readonly count?: number | undefined
  readonly massMg?: number | undefined
  readonly shownPriceFen?: number | undefined
}

export const billFlags = [
  'price_unknown',
  'mode_differs',
  'shown_price_differs',
  'lane_sku_differs',
  'expired_item',
  'locked_item',
  'capped_at_hold',
] as const
export type BillFlag = (typeof billFlags)[number]

export interface BillLine {
  readonly contract: ContractLane
  readonly laneId: string
  readonly lotId: string | undefined
  readonly count: number | undefined
  readonly massMg: number | undefined
  readonly unitPriceFen: number
  /** By the price label. */
  readonly listFen: number
  /** What is charged: listFen, or less when the bill was capped, the item past its date or its lane locked. */
  readonly amountFen: number
}

export interface Bill {
  readonly lines: readonly BillLine[]
  /** Taken goods that no contract lane explains: nothing is charged for them. */
  readonly unpriced: readonly TakenLine[]
  readonly totalFen: number
  /** What the labels say beyond the hold; not charged. */
  readonly shortfallFen: number
  readonly flags: readonly BillFlag[]
}

/** Piece: count × price. Weight: mass × price per kg, rounded down to the fen. Undefined when the quantity is missing. */
export function priceQuantity(
  mode: PricingMode,
  quantity: { readonly count?: number | undefined; readonly massMg?: number | undefined },
  unitPriceFen: number,
): number | undefined {
  if (mode === 'piece') return quantity.count === undefined ? undefined : quantity.count * unitPriceFen
  if (quantity.massMg === undefined) return undefined
  return Number((BigInt(quantity.massMg) * BigInt(unitPriceFen)) / 1_000_000n)
}

function contractFor(line: TakenLine, lanes: readonly ContractLane[]): { lane?: ContractLane; flag?: BillFlag } {
  const own = lanes.find((lane) => lane.laneId === line.laneId)
  if (own?.skuId === line.skuId) return { lane: own }
  const elsewhere = lanes.find((lane) => lane.skuId === line.skuId)
  return elsewhere === undefined ? { flag: 'price_unknown' } : { lane: elsewhere, flag: 'lane_sku_differs' }
}

/**
 * Prices what was taken by the contract, never above `holdFen`: a bill beyond it is shrunk to the hold by largest
 * remainder over the label amounts, so that every supplier bears the shortfall in proportion, and flagged.
 */
export function priceBill(taken: readonly TakenLine[], lanes: readonly ContractLane[], holdFen: number): Bill {
  const flags = new Set<BillFlag>()
  const unpriced: TakenLine[] = []
  const priced: Array<Omit<BillLine, 'amountFen'> & { dueFen: number }> = []
  for (const line of taken) {
    const { lane, flag } = contractFor(line, lanes)
    if (flag !== undefined) flags.add(flag)
    const listFen = lane === undefined ? undefined : priceQuantity(lane.mode, line, lane.priceFen)
    if (lane === undefined || listFen === undefined) {
      if (lane !== undefined) flags.add('mode_differs')
      unpriced.push(line)
      continue
    }
    if (line.shownPriceFen !== undefined && line.shownPriceFen !== lane.priceFen) flags.add('shown_price_differs')
    const lotId = line.lotId ?? lane.lotId
    const isExpired = lotId !== undefined && lane.expiredLotIds?.includes(lotId) === true
    if (isExpired) flags.add('expired_item')
    // The lane it was taken from decides, whatever lane its price is found in.
    const { lockReason } = lanes.find(({ laneId }) => laneId === line.laneId) ?? lane
    if (lockReason !== undefined) flags.add(lockReason === 'expired' ? 'expired_item' : 'locked_item')
    priced.push({
      contract: lane,
      laneId: line.laneId,
      lotId,
      count: lane.mode === 'piece' ? line.count : undefined,
      massMg: lane.mode === 'weight' ? line.massMg : undefined,
      unitPriceFen: lane.priceFen,
      listFen,
      dueFen: isExpired || lockReason !== undefined ? 0 : listFen,
    })
  }
  const dueFen = priced.reduce((sum, line) => sum + line.dueFen, 0)
  const isCapped = dueFen > holdFen
  if (isCapped) flags.add('capped_at_hold')
  const amounts = isCapped
    ? splitByLargestRemainder(
        holdFen,
        priced.map((line) => line.dueFen),
      )
    : priced.map((line) => line.dueFen)
  return {
    lines: priced.map(({ dueFen: due, ...line }, index) => ({ ...line, amountFen: amounts[index] ?? due })),
    unpriced,
    totalFen: isCapped ? holdFen : dueFen,
    shortfallFen: isCapped ? dueFen - holdFen : 0,
    flags: [...flags],
  }
}
