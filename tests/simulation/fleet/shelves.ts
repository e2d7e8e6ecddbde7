// What truly lies in the lanes: pieces by their own mass, as the scales of the boards feel them.
import { nextGaussian, type Random } from '#shared/ids/random.ts'
import type { SimCabinet } from './cabinet.ts'
import { laneIds, unitMg } from './shop.ts'

const unitSdMg = 2_500

export class Shelves {
  readonly #random: Random
  /** Pieces of each lane of a cabinet, mg, the newest last. */
  readonly #byCode: ReadonlyMap<string, ReadonlyMap<string, number[]>>

  constructor(cabinets: readonly SimCabinet[], random: Random) {
    this.#random = random
    this.#byCode = new Map(cabinets.map(({ code }) => [code, new Map(laneIds.map((laneId) => [laneId, []]))]))
  }

  count(cabinet: SimCabinet, laneId: string): number {
    return this.#lane(cabinet, laneId).length
  }

  /** The piece in front, mg; undefined when the lane is empty. */
  take(cabinet: SimCabinet, laneId: string): number | undefined {
    const massMg = this.#lane(cabinet, laneId).pop()
    if (massMg !== undefined) cabinet.boards.add(laneId, -massMg)
    return massMg
  }

  putBack(cabinet: SimCabinet, laneId: string, massMg: number): void {
    this.#lane(cabinet, laneId).push(massMg)
    cabinet.boards.add(laneId, massMg)
  }

  fill(cabinet: SimCabinet, laneId: string, count: number): void {
    const pieces = Array.from({ length: count }, () =>
      Math.round((unitMg[laneId] ?? 0) + unitSdMg * nextGaussian(this.#random)),
    )
    this.#lane(cabinet, laneId).push(...pieces)
    cabinet.boards.add(laneId, sum(pieces))
  }

  /** Takes out so many of the oldest pieces, or all there are; returns how many. */
  clear(cabinet: SimCabinet, laneId: string, count: number): number {
    const pieces = this.#lane(cabinet, laneId).splice(0, count)
    if (pieces.length > 0) cabinet.boards.add(laneId, -sum(pieces))
    return pieces.length
  }

  #lane({ code }: SimCabinet, laneId: string): number[] {
    const lane = this.#byCode.get(code)?.get(laneId)
    if (lane === undefined) throw new Error(`no lane ${laneId} in ${code}`)
    return lane
  }
}

const sum = (pieces: readonly number[]) => pieces.reduce((total, massMg) => total + massMg, 0)
