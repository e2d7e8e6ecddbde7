// What a bill sold leaves the lanes. The hot path of settling: the bill has shared its lines over the lots that lie in the
// cabinet, so only what goes beyond the books comes out of a lane's difference.
import type { Effect } from '../context.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { lockRecalled } from '../recalls/lock-recalled.ts'
import { bookMoves } from './book-moves.ts'
import type { Move } from './book-moves.ts'
import { differencePlace, fixedPlaces, lanePlace } from './rules.ts'

export interface SoldGoods {
  readonly cabinetId: string
  readonly sessionId: string
  readonly lines: ReadonlyArray<{
    readonly bookLaneId: string
    readonly lotId: string | undefined
    /** Whole units ≥ 0. */
    readonly units: number
  }>
  /** The cabinet's lots as the bill saw them. */
  readonly lots: ReadonlyArray<{ readonly laneId: string; readonly lotId: string; readonly units: number }>
}

export function* bookSale(
  ctx: UnitContext,
  { cabinetId, sessionId: causeId, lines, lots }: SoldGoods,
): Unit<readonly Effect[]> {
  const left = new Map(lots.map(({ laneId, lotId, units }) => [`${laneId} ${lotId}`, units]))
  const moves: Move[] = []
  for (const { bookLaneId: laneId, lotId, units } of lines) {
    if (lotId === undefined || units === 0) continue
    const key = `${laneId} ${lotId}`
    const held = left.get(key) ?? 0
    const beyond = Math.max(0, units - held)
    left.set(key, held - (units - beyond))
    const lane = lanePlace({ cabinetId, laneId })
    // It was there, whatever the books say: first it is found, then it is sold.
    if (beyond > 0)
      moves.push({
        kind: 'counted',
        lotId,
        from: differencePlace({ cabinetId, laneId }),
        to: lane,
        units: beyond,
        causeId,
      })
    moves.push({ kind: 'sold', lotId, from: lane, to: fixedPlaces.buyer, units, causeId })
  }
  yield* bookMoves(ctx, moves)
  // Where one lay that the books did not know of, more may lie.
  return moves.some(({ kind }) => kind === 'counted') ? yield* lockRecalled(ctx, [cabinetId]) : []
}
