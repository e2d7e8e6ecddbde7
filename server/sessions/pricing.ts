// The one pricing function: receipts, reviews and previews all come here, and its version is on the receipt. Prices are the
// contract prices frozen when the door was authorised (domain.md, price at door-open); nothing a cabinet reports changes
// them. A bill is never above the money held.
import type { LaneLockReason } from '#shared/contracts/mqtt/twin.ts'
import { splitByLargestRemainder } from '#shared/units/fen.ts'

/** Changes whenever the same input could give another amount. */
export const pricingVersion = 'price-2'

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
  /** Certified product, whoever supplied it; older contracts do not say. */
  readonly isProductCertified?: boolean | undefined
  readonly unitMassMg: number
  /** The lot to blame when the books know of no goods and the cabinet names none. */
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

/** Units of a lot that lie in a lane by the books. */
export interface BookedLot {
  readonly laneId: string
  readonly skuId: string
  readonly lotId: string
  readonly units: number
  readonly expiresAtMs: number
  /** Of the supplier; the product's is the contract's. */
  readonly isSupplierCertified: boolean
}

/** What the books say lies in the cabinet when a bill is made, and when its door was authorised. */
export interface Books {
  readonly lots: readonly BookedLot[]
  readonly soldAtMs: number
}

export interface BillLine {
  readonly contract: ContractLane
  readonly laneId: string
  readonly lotId: string | undefined
  /** What leaves the books, and of which lane: goods put back in another lane are in the books of their own. */
  readonly units: number
  readonly bookLaneId: string
  readonly isCertified: boolean
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

type LotShare = Pick<BillLine, 'lotId' | 'units' | 'bookLaneId' | 'isCertified' | 'count' | 'massMg'> & {
  readonly isExpired: boolean
}

/**
 * A line over the lots of its lane: first expired first as far as they may be sold, then what is past its date, and what goes
 * beyond the books on the last that may be sold. Goods sold by weight leave the books in whole units of the label's mass.
 * `left` is what earlier lines of the bill left of each lot.
 */
function shareOverLots(
  line: TakenLine,
  lane: ContractLane,
  { lots, soldAtMs }: Books,
  left: Map<BookedLot, number>,
): LotShare[] {
  const { count = 0, massMg = 0 } = line
  const units = lane.mode === 'piece' ? count : Math.round(massMg / lane.unitMassMg)
  const quantityOf = (taken: number, isLast: boolean, spentMg: number) =>
    lane.mode === 'piece'
      ? { count: taken, massMg: undefined }
      : { count: undefined, massMg: isLast ? massMg - spentMg : taken * lane.unitMassMg }
  const unitsLeft = (lot: BookedLot) => left.get(lot) ?? lot.units
  const lying = (laneId: string) =>
    lots.filter((lot) => lot.laneId === laneId && lot.skuId === lane.skuId && unitsLeft(lot) > 0)
  const own = lying(line.laneId)
  const isPast = ({ expiresAtMs }: BookedLot) => expiresAtMs < soldAtMs
  const ordered = (own.length > 0 ? own : lying(lane.laneId)).toSorted(
    (a, b) => Number(isPast(a)) - Number(isPast(b)) || a.expiresAtMs - b.expiresAtMs || (a.lotId < b.lotId ? -1 : 1),
  )
  const last = ordered.findLast((lot) => !isPast(lot)) ?? ordered.at(-1)
  if (last === undefined) {
    const lotId = line.lotId ?? lane.lotId
    // The last of it has left the books: what they know of its date still holds.
    const wasPast = lots.some((lot) => lot.lotId === lotId && isPast(lot))
    const isExpired = lotId !== undefined && (wasPast || lane.expiredLotIds?.includes(lotId) === true)
    const { isCertified, laneId: bookLaneId } = lane
    return [{ lotId, units, bookLaneId, isCertified, isExpired, ...quantityOf(units, true, 0) }]
  }
  let rest = units
  const taken = new Map<BookedLot, number>()
  for (const lot of ordered) {
    const share = Math.min(rest, unitsLeft(lot))
    if (share > 0) taken.set(lot, share)
    rest -= share
  }
  // Less than half a unit by weight takes none off the books, and is of the first lot all the same.
  if (rest > 0 || taken.size === 0) taken.set(rest > 0 ? last : (ordered[0] ?? last), (taken.get(last) ?? 0) + rest)
  let spentMg = 0
  return [...taken].map(([lot, share], index) => {
    left.set(lot, Math.max(0, unitsLeft(lot) - share))
    const quantity = quantityOf(share, index === taken.size - 1, spentMg)
    spentMg += quantity.massMg ?? 0
    const isCertified =
      lot.lotId === lane.lotId ? lane.isCertified : lane.isProductCertified === true && lot.isSupplierCertified
    return { lotId: lot.lotId, units: share, bookLaneId: lot.laneId, isCertified, isExpired: isPast(lot), ...quantity }
  })
}

function contractFor(line: TakenLine, lanes: readonly ContractLane[]): { lane?: ContractLane; flag?: BillFlag } {
  const own = lanes.find((lane) => lane.laneId === line.laneId)
  if (own?.skuId === line.skuId) return { lane: own }
  const elsewhere = lanes.find((lane) => lane.skuId === line.skuId)
  return elsewhere === undefined ? { flag: 'price_unknown' } : { lane: elsewhere, flag: 'lane_sku_differs' }
}

/**
 * Prices what was taken by the contract, never above `holdFen`: a bill beyond it is shrunk to the hold by largest
 * remainder over the label amounts, so that every supplier bears the shortfall in proportion, and flagged. What was taken
 * of a lane is sold first expired first, a line per lot, by what the books say lies there.
 */
export function priceBill(
  taken: readonly TakenLine[],
  lanes: readonly ContractLane[],
  holdFen: number,
  books: Books = { lots: [], soldAtMs: 0 },
): Bill {
  const left = new Map<BookedLot, number>()
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
    // The lane it was taken from decides, whatever lane its price is found in.
    const { lockReason } = lanes.find(({ laneId }) => laneId === line.laneId) ?? lane
    if (lockReason !== undefined) flags.add(lockReason === 'expired' ? 'expired_item' : 'locked_item')
    const shares = shareOverLots(line, lane, books, left)
    const weights = shares.map((share) => share.count ?? share.massMg ?? 0)
    const listFens = weights.length === 1 ? [listFen] : splitByLargestRemainder(listFen, weights)
    for (const [index, { isExpired, ...share }] of shares.entries()) {
      if (isExpired) flags.add('expired_item')
      const shareFen = listFens[index] ?? 0
      priced.push({
        contract: lane,
        laneId: line.laneId,
        ...share,
        unitPriceFen: lane.priceFen,
        listFen: shareFen,
        dueFen: isExpired || lockReason !== undefined ? 0 : shareFen,
      })
    }
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
