// People in front of the cabinets, buyers who take, put back, dawdle, leave without opening, and all who work behind them. They
// remember what truly happened.
import { nextUnit, type Random } from '#shared/ids/random.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { openCabinet } from '#server/sessions/open-cabinet.ts'
import { defaultSessionSettings } from '#server/sessions/settings.ts'
import type { SimCabinet } from './cabinet.ts'
import { Depot } from './depot.ts'
import { KeyHolder } from './key-holder.ts'
import { Office } from './office.ts'
import { PassHolders } from './pass-holders.ts'
import { Phone } from './phone.ts'
import { Restocker } from './restocker.ts'
import { Shelves } from './shelves.ts'
import { laneIds } from './shop.ts'
import { Staff } from './staff.ts'
import { chance, pick, type Truth, type World } from './world.ts'

export class People {
  readonly truths = new Map<string, Truth>()
  readonly phone: Phone
  readonly restocker: Restocker
  readonly staff: Staff
  readonly depot: Depot
  readonly passes: PassHolders
  readonly office: Office
  readonly keyHolder: KeyHolder
  readonly #counts = { opened: 0, taken: 0 }
  readonly #world: World
  readonly #random: Random
  readonly #shelves: Shelves
  readonly #onDoorOpen: (cabinet: SimCabinet) => void

  /** `onDoorOpen` is told while a door is open, so that a fault may strike then. */
  constructor(world: World, random: Random, onDoorOpen: (cabinet: SimCabinet) => void) {
    this.#world = world
    this.#random = random
    this.#onDoorOpen = onDoorOpen
    this.#shelves = new Shelves(world.cabinets, world.fork())
    this.phone = new Phone(world)
    this.depot = new Depot(world, this.#shelves)
    this.restocker = new Restocker(world, { phone: this.phone, shelves: this.#shelves, depot: this.depot, onDoorOpen })
    this.staff = new Staff(world)
    this.passes = new PassHolders(world, world.fork())
    this.office = new Office(world, world.fork())
    this.keyHolder = new KeyHolder(world)
  }

  /** What everybody did, by name. */
  get counts() {
    const { phone, restocker, staff, depot, passes, office, keyHolder } = this
    const behind = { ...restocker.counts, ...staff.counts, ...depot.counts, ...passes.counts }
    return { ...phone.counts, ...this.#counts, ...behind, ...office.counts, ...keyHolder.counts }
  }

  /** One visit of a buyer, from the scan to the closed door. Returns whether the cabinet opened. */
  async buy(cabinet: SimCabinet, buyerId: string): Promise<boolean> {
    if (chance(this.#random, 0.1)) await this.phone.quietly(() => this.passes.get(cabinet, buyerId))
    if (this.passes.has(buyerId) && chance(this.#random, 0.2)) return await this.#buyOnPass(cabinet, buyerId)
    const request = this.phone.request(cabinet, buyerId)
    const deps = () => ({
      signer: this.#world.backend.signer,
      payments: walletPayments,
      settings: defaultSessionSettings,
    })
    const sessionId = await this.phone.open(cabinet, (ctx) => openCabinet(ctx, deps(), request))
    if (sessionId === undefined) return await this.#buyOnPass(cabinet, buyerId)
    if (!(await this.phone.awaitBolt(cabinet))) return false
    await this.#visit(cabinet)
    return true
  }

  async #buyOnPass(cabinet: SimCabinet, buyerId: string): Promise<boolean> {
    if (this.passes.show(cabinet, buyerId) === undefined || !(await this.phone.awaitBolt(cabinet))) return false
    this.phone.counts.made += 1
    await this.#visit(cabinet)
    return true
  }

  async #visit(cabinet: SimCabinet): Promise<void> {
    this.#counts.opened += 1
    const { code, openedFor } = cabinet
    if (openedFor === undefined || chance(this.#random, 0.03)) return
    const taken = await this.#shopWithDoorOpen(cabinet)
    this.truths.set(openedFor, { cabinetCode: code, taken })
    const pieces = [...taken].map(([laneId, count]) => `${count} of ${laneId}`)
    this.#world.tell(`${code} door closed, taken in session ${openedFor}: ${pieces.join(', ') || 'nothing'}`)
    cabinet.boards.mechanism.closeDoor()
  }

  async #shopWithDoorOpen(cabinet: SimCabinet): Promise<Map<string, number>> {
    const taken = new Map<string, number>()
    const { phone } = this
    if (!cabinet.boards.mechanism.openDoor()) return taken
    this.#onDoorOpen(cabinet)
    await phone.wait(700 + 500 * nextUnit(this.#random))
    const wanted = pick(this.#random, [0, 1, 1, 1, 2, 2, 3])
    for (let piece = 0; piece < wanted; piece += 1) {
      const laneId = pick(this.#random, laneIds)
      const massMg = this.#shelves.take(cabinet, laneId)
      if (massMg === undefined) continue
      taken.set(laneId, (taken.get(laneId) ?? 0) + 1)
      await phone.wait(1_300 + 700 * nextUnit(this.#random))
      if (!chance(this.#random, 0.08)) continue
      this.#shelves.putBack(cabinet, laneId, massMg)
      taken.set(laneId, (taken.get(laneId) ?? 0) - 1)
      await phone.wait(1_500)
    }
    if (chance(this.#random, 0.02)) await phone.wait(70_000)
    for (const count of taken.values()) this.#counts.taken += count
    return taken
  }
}
