// One run of the simulation: so many sessions under faults, then quiet, then the invariants. Everything follows from the seed.
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nextUnit } from '#shared/ids/random.ts'
import { checkAudit } from '#server/audit/check-audit.ts'
import { booksProofs } from '#server/ledger/check-books.ts'
import { proveInSlices } from '#server/ledger/proof.ts'
import { isAcknowledged, isServerAtRest } from './at-rest.ts'
import { defaultRates, type FaultKind } from './faults.ts'
import { checkAfterwards } from './final-invariants.ts'
import { checkKeys, findDisobedient } from './key-invariants.ts'
import { countMoney, countWrongBills } from './outcomes.ts'
import { People } from './people.ts'
import { makeShop, type Shop } from './shop.ts'
import { checkAlways } from './standing-invariants.ts'
import { Trouble } from './trouble.ts'
import { signingKey, World, type PlantedBug } from './world.ts'

export interface SimulationOptions {
  readonly seed: number
  readonly sessions: number
  readonly cabinets: number
  /** Kinds left out; for finding the few that a failure needs. */
  readonly without?: readonly FaultKind[]
  /** Longest time for everything to come to rest after the last fault; default three hours, a restock's own patience. */
  readonly restMs?: number
  /** Makes the bug that a mutation check plants. */
  readonly bug?: (() => PlantedBug) | undefined
}

export interface SimulationResult {
  readonly seed: number
  readonly violations: readonly string[]
  readonly story: readonly string[]
  readonly faults: Readonly<Record<FaultKind, number>>
  readonly people: People['counts']
  readonly refusals: ReadonlyMap<string, number>
  readonly bills: { settled: number; over: number; under: number }
  readonly money: Readonly<Record<string, number>>
  /** SHA-256 over every journal and every transfer: the same seed, the same hash. */
  readonly hash: string
  readonly simulatedMs: number
}

/** Sessions between two looks at what must always hold. */
const sessionsPerCheck = 40
/** A look is at the whole history: the longer it is, the more of it lies between two. */
const growthPerCheck = 0.2
/** What the finance office does when it opens after days. */
const stepsOfOfficeDay = 20
const defaultRestMs = 3 * 3_600_000
const lookAtRestMs = 30_000

/** A disk in memory where there is one: what an fsync promises is modelled, not waited for. */
const baseFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** Makes the shop once for any number of runs. */
export class Simulator implements Disposable {
  readonly #folder = mkdtempSync(join(baseFolder, 'huinong-simulation-'))
  readonly #shops = new Map<number, Promise<Shop>>()
  #runs = 0

  async run(options: SimulationOptions): Promise<SimulationResult> {
    const { cabinets } = options
    const template = join(this.#folder, `shop-${cabinets}`)
    let shop = this.#shops.get(cabinets)
    if (shop === undefined) {
      shop = makeShop(template, cabinets, signingKey.publicKey)
      this.#shops.set(cabinets, shop)
    }
    this.#runs += 1
    const folder = join(this.#folder, `run-${this.#runs}`)
    const world = new World({ ...options, folder, template, shop: await shop, bug: options.bug?.() })
    return await withOwnErrors(world, () => play(world, options))
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Errors that nobody catches come to the world: most are the last words of a process that a fault has ended. */
async function withOwnErrors<T>(world: World, work: () => Promise<T>): Promise<T> {
  const events = ['unhandledRejection', 'uncaughtException'] as const
  const before = events.map((event) => process.listeners(event as 'unhandledRejection'))
  for (const event of events) {
    process.removeAllListeners(event)
    process.on(event as 'uncaughtException', (error: unknown) => world.takeUncaught(error))
  }
  try {
    return await work()
  } finally {
    for (const [index, event] of events.entries()) {
      process.removeAllListeners(event)
      for (const listener of before[index] ?? []) process.on(event as 'unhandledRejection', listener)
    }
    world.close()
  }
}

/** Lets the world go on until it is told to stop. */
async function runUntil(world: World, isOver: () => boolean): Promise<void> {
  try {
    await world.scheduler.run(isOver, (error) => world.takeUncaught(error))
  } catch (error) {
    world.fail(String(error))
  }
}

async function play(world: World, options: SimulationOptions): Promise<SimulationResult> {
  const { seed, sessions, without = [] } = options
  const { scheduler } = world
  const rates = { ...defaultRates, ...Object.fromEntries(without.map((kind) => [kind, 0])) }
  const trouble = new Trouble(world, rates, seed)
  const people = new People(world, world.fork(), (cabinet) => trouble.drawAtOpenDoor(cabinet))
  const { phone, restocker } = people
  world.backend.boot()
  for (const cabinet of world.cabinets) cabinet.boot()
  let open = world.cabinets.length
  const random = world.fork()
  const officeDay = async () => {
    for (let step = 0; step < stepsOfOfficeDay; step += 1) await phone.quietly(() => people.office.work())
  }
  const serve = async (index: number) => {
    const cabinet = world.cabinets[index]
    const buyers = world.shop.buyerIds
    while (cabinet !== undefined && phone.counts.made < sessions && world.violations.length === 0) {
      await wait(scheduler, 3_500 + 8_000 * nextUnit(random) ** 3)
      // Nobody goes to buy in a town without power.
      if (world.isDark) {
        await wait(scheduler, world.darkUntilMs - scheduler.nowMs + 10_000)
        // Days went by: notices have run out, and the bank has answered.
        if (index === 0) await officeDay()
      }
      trouble.draw(cabinet)
      if (!(await restocker.restock(cabinet))) {
        const buyerId = buyers[(index + (nextUnit(random) < 0.05 ? 1 : 0)) % buyers.length] ?? ''
        // Who finds it closed goes away; the next one comes later.
        if (!(await people.buy(cabinet, buyerId))) await wait(scheduler, 25_000 * nextUnit(random))
      }
      if (nextUnit(random) < 0.1) await phone.quietly(() => people.staff.work())
      if (nextUnit(random) < 0.2) await phone.quietly(() => people.depot.work())
      if (nextUnit(random) < 0.12) await phone.quietly(() => people.office.work())
      if (nextUnit(random) < 0.03) await phone.quietly(() => people.keyHolder.work())
    }
    open -= 1
  }
  for (const index of world.cabinets.keys()) scheduler.after(8_000, () => void serve(index))
  let checkAt = sessionsPerCheck
  await runUntil(world, () => {
    const { made } = phone.counts
    if (made >= checkAt) {
      checkAt = made + Math.max(sessionsPerCheck, growthPerCheck * made)
      checkAlways(world)
    }
    return open === 0 || world.violations.length > 0
  })
  trouble.end()
  for (const cabinet of world.cabinets) cabinet.boards.mechanism.closeDoor()
  const comeToRest = async () => {
    const untilMs = scheduler.nowMs + (options.restMs ?? defaultRestMs)
    while (scheduler.nowMs < untilMs && world.violations.length === 0) {
      const nextLookMs = scheduler.nowMs + lookAtRestMs
      await runUntil(world, () => scheduler.nowMs >= nextLookMs || world.violations.length > 0)
      if (isAtRest(world)) break
    }
  }
  await comeToRest()
  const byThief = world.fork()
  for (const cabinet of world.cabinets) trouble.forgeByEndedKeys(cabinet, byThief)
  // What had been on its way for long may have come meanwhile, and moved something once more.
  await comeToRest()
  if (world.violations.length === 0) checkAfterwards(world, people.truths)
  if (world.violations.length === 0) checkKeys(world)
  if (world.violations.length === 0) await proveBooks(world)
  const { violations, story } = world
  const bills = countWrongBills(world, people.truths)
  const hash = hashWorld(world)
  return {
    seed,
    violations,
    story,
    faults: { ...trouble.counts, ...broken(world) },
    people: people.counts,
    refusals: phone.refusals,
    bills,
    money: countMoney(world),
    hash,
    simulatedMs: scheduler.nowMs,
  }
}

/** The product's own proofs of all it keeps, which must find nothing either. */
async function proveBooks(world: World): Promise<void> {
  const { ctx } = world.backend
  if (ctx === undefined) return world.fail('the server does not run after the faults')
  let isDone = false
  const proving = Promise.all([proveInSlices(ctx.database, booksProofs), checkAudit(ctx.database)]).then(
    ([proofs, audit]) => {
      for (const { name, problems } of proofs) for (const problem of problems) world.fail(`${name}: ${problem}`)
      for (const { chainId, problem } of audit.broken) world.fail(`audit chain ${chainId}: ${problem}`)
    },
  )
  void proving.finally(() => (isDone = true))
  await runUntil(world, () => isDone)
  if (isDone) await proving
}

function wait(scheduler: World['scheduler'], ms: number): Promise<void> {
  return new Promise((resolve) => {
    scheduler.after(ms, resolve)
  })
}

function broken({ broker: { counts } }: World) {
  return { duplicate: counts.duplicated, reorder: counts.reordered, delay: counts.delayed }
}

/** Every agent there and every journal acknowledged, and nothing left for the server to wait for. */
function isAtRest(world: World): boolean {
  if (world.backend.ctx === undefined) return false
  const isWaiting = world.cabinets.some(
    ({ agent, journal }) => agent?.isConnected !== true || journal === undefined || !isAcknowledged(journal),
  )
  return !isWaiting && world.backend.file.look(isServerAtRest) && findDisobedient(world).length === 0
}

function hashWorld(world: World): string {
  const hash = createHash('sha256')
  world.backend.file.look((db) => {
    for (const sql of [
      'SELECT cabinet_id, seq, hash, received_at_ms FROM journal_entry ORDER BY cabinet_id, seq',
      'SELECT id, debit_account_id, credit_account_id, amount_fen, at_ms FROM ledger_transfer ORDER BY id',
      'SELECT command_id, outcome, reason, replied_at_ms FROM cabinet_command ORDER BY command_id',
      'SELECT move_id, lot_id, from_place, to_place, units FROM stock_move ORDER BY move_id',
      'SELECT chain_id, seq, hash FROM audit_row ORDER BY chain_id, seq',
    ]) {
      for (const row of db.prepare(sql).raw().iterate()) hash.update(JSON.stringify(row))
    }
  })
  return hash.digest('hex')
}
