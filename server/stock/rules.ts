// Where goods may be, as pure thinking. A unit of a lot is in one place at a time; a move takes it from one to another, so that
// of every lot Σ over all places = what was received. Places a person can look into never hold less than nothing; a lane's
// difference may: it holds what counts could not explain, until somebody does.
import { namedAccounts, accountIdOf } from '../ledger/account-kinds.ts'
import type { AccountId } from '../ledger/account-kinds.ts'

export const moveKinds = [
  'received',
  'loaded',
  'sold',
  'transferred',
  'taken_off',
  /** A count, or a sale beyond the books, found more or fewer than were booked. */
  'counted',
  'wasted',
  'shrunk',
  'donated',
] as const
export type MoveKind = (typeof moveKinds)[number]

/** A place's name: one of `fixedPlaces`, or `lane:<cabinet>:<lane>` or `difference:<cabinet>:<lane>`. */
export type Place = string

export const fixedPlaces = {
  /** Where lots come from; holds minus what was received. */
  supplier: 'supplier',
  depot: 'depot',
  buyer: 'buyer',
  wastage: 'wastage',
  /** Differences that a person closed, missing less found. */
  shrink: 'shrink',
  donation: 'donation',
} as const

export interface LanePlace {
  readonly cabinetId: string
  readonly laneId: string
}

export const lanePlace = ({ cabinetId, laneId }: LanePlace): Place => `lane:${cabinetId}:${laneId}`
export const differencePlace = ({ cabinetId, laneId }: LanePlace): Place => `difference:${cabinetId}:${laneId}`

export type ParsedPlace =
  | { readonly kind: keyof typeof fixedPlaces }
  | ({ readonly kind: 'lane' | 'difference' } & LanePlace)

/** Throws a RangeError for what names no place. */
export function parsePlace(place: Place): ParsedPlace {
  const [kind, cabinetId, laneId] = place.split(':')
  if ((kind === 'lane' || kind === 'difference') && cabinetId !== undefined && laneId !== undefined)
    return { kind, cabinetId, laneId }
  if (kind !== undefined && Object.hasOwn(fixedPlaces, kind)) return { kind: kind as keyof typeof fixedPlaces }
  throw new RangeError(`not a place: ${place}`)
}

export const lossKinds = ['wastage', 'shrink', 'donation'] as const
export type LossKind = (typeof lossKinds)[number]

/** A request for a loss that takes two people. */
export const lossRequestStates = ['requested', 'confirmed', 'withdrawn'] as const

/** Who may bear a loss. A household never does: it is paid for its goods as if they had been sold. */
export const bearerKinds = ['operator', 'site', 'insurer'] as const
export type BearerKind = (typeof bearerKinds)[number]

export interface Bearer {
  readonly kind: BearerKind
  /** Of a site. */
  readonly hostSiteId?: string | undefined
}

/** The account that pays the producers for what was lost or given away. */
export function bearerAccountOf(loss: LossKind, { kind, hostSiteId = '' }: Bearer): AccountId {
  if (kind === 'site') return accountIdOf('writeoff', `stock-loss-site-${hostSiteId}`)
  if (kind === 'insurer') return namedAccounts.stockLossInsured
  return loss === 'donation' ? namedAccounts.donations : namedAccounts.stockLoss
}

/** Units of one lot, first expired first. */
export interface LotUnits {
  readonly lotId: string
  readonly units: number
}

/** How a count of a lane differs from its books, lot by lot: > 0 found, < 0 missing; equal lots are left out. */
export function differencesOf(booked: readonly LotUnits[], counted: readonly LotUnits[]): LotUnits[] {
  const counts = new Map(counted.map(({ lotId, units }) => [lotId, units]))
  const lotIds = [...new Set([...booked, ...counted].map(({ lotId }) => lotId))]
  const books = new Map(booked.map(({ lotId, units }) => [lotId, units]))
  return lotIds
    .map((lotId) => ({ lotId, units: (counts.get(lotId) ?? 0) - (books.get(lotId) ?? 0) }))
    .filter(({ units }) => units !== 0)
}

/**
 * Spreads a lane's count over its lots when only the total is known: what is missing left first expired first, what is too
 * much belongs to the lot that was loaded last. Returns every lot of the lane with its count; Σ = `total`.
 */
export function spreadCount(booked: readonly LotUnits[], total: number, newestLotId: string): LotUnits[] {
  let missing = Math.max(0, booked.reduce((sum, { units }) => sum + units, 0) - total)
  const rest = booked.filter(({ lotId }) => lotId !== newestLotId)
  const counted = rest.map(({ lotId, units }) => {
    const gone = Math.min(missing, units)
    missing -= gone
    return { lotId, units: units - gone }
  })
  const older = counted.reduce((sum, { units }) => sum + units, 0)
  return [...counted, { lotId: newestLotId, units: total - older }]
}
