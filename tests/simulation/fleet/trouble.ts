// Brings the faults: for every visit of a buyer it draws what goes wrong in the next seconds, and undoes what would not pass by
// itself. Each kind draws from a stream of its own, so that leaving one out moves the others as little as may be.
import { seededRandom, nextBelow, nextUnit, type Random } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { topicOf } from '#shared/contracts/mqtt/topics.ts'
import { CommandSigner } from '#server/mqtt/command-signer.ts'
import { serverClientId } from './backend.ts'
import type { SimCabinet } from './cabinet.ts'
import { faultKinds, type FaultKind } from './faults.ts'
import type { SimKey } from './keys.ts'
import { epochMs } from './shop.ts'
import { chance, pick, thiefKey, type World } from './world.ts'

const soonMs = 16_000

export class Trouble {
  readonly counts = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Record<FaultKind, number>
  isOver = false
  readonly #world: World
  readonly #rates: Readonly<Record<FaultKind, number>>
  readonly #streams: Record<FaultKind, Random>

  constructor(world: World, rates: Readonly<Record<FaultKind, number>>, seed: number) {
    this.#world = world
    this.#rates = rates
    this.#streams = Object.fromEntries(
      faultKinds.map((kind, index) => [kind, seededRandom(seed * 64 + index)]),
    ) as Record<FaultKind, Random>
    for (const clientId of [serverClientId, ...world.cabinets.map(({ cabinetId }) => cabinetId)]) {
      const network = world.broker.network(clientId)
      network.duplicate = rates.duplicate / 10
      network.reorder = rates.reorder / 10
      network.delay = rates.delay / 10
    }
  }

  /** Draws what happens around the next visit to this cabinet. */
  draw(cabinet: SimCabinet): void {
    for (const kind of faultKinds) {
      const random = this.#streams[kind]
      if (kind === 'powerCutDoorOpen' || !chance(random, this.#rates[kind])) continue
      this.#world.scheduler.after(soonMs * nextUnit(random), () => {
        if (!this.isOver) this.#strike(kind, cabinet, random)
      })
    }
  }

  /** The door of this cabinet has just opened. */
  drawAtOpenDoor(cabinet: SimCabinet): void {
    const random = this.#streams.powerCutDoorOpen
    if (this.isOver || !chance(random, this.#rates.powerCutDoorOpen)) return
    this.#note('powerCutDoorOpen', cabinet)
    this.#world.scheduler.after(4_000 * nextUnit(random), () => {
      cabinet.setPower(false)
      this.#later(20_000 * nextUnit(random), () => this.#powerOn(cabinet))
    })
  }

  /** No new fault; what was broken is whole again. */
  end(): void {
    this.isOver = true
    this.#world.darkUntilMs = 0
    const { broker, cabinets, backend } = this.#world
    for (const clientId of [serverClientId, ...cabinets.map(({ cabinetId }) => cabinetId)]) {
      broker.setNetwork(clientId, { isUpWhole: true, isDownWhole: true, duplicate: 0, reorder: 0, delay: 0 })
    }
    if (!backend.isPowered) backend.setPower(true)
    backend.machine.skewMs = 0
    backend.machine.isDiskFull = false
    backend.machine.failingWrites = 0
    if (backend.machine.life !== undefined) backend.machine.life.callsLeft = undefined
    for (const cabinet of cabinets) {
      const { machine, boards } = cabinet
      machine.skewMs = 0
      machine.isDiskFull = false
      machine.failingWrites = 0
      if (machine.life !== undefined) machine.life.callsLeft = undefined
      Object.assign(boards, { isScaleSilent: false, isLockSilent: false, isDoorLying: false })
      Object.assign(boards, { isLockLying: false, scaleLieMg: 0 })
      boards.mechanism.isJammed = false
      if (!cabinet.isPowered) cabinet.setPower(true)
    }
  }

  #note(kind: FaultKind, where: { code: string } | undefined): void {
    this.counts[kind] += 1
    this.#world.tell(`fault ${kind} ${where?.code ?? ''}`)
  }

  #later(delayMs: number, mend: () => void): void {
    this.#world.scheduler.after(delayMs, mend)
  }

  #strike(kind: FaultKind, cabinet: SimCabinet, random: Random): void {
    this.#note(kind, cabinet)
    const { backend } = this.#world
    switch (kind) {
      case 'agentCrash':
        return cabinet.machine.crash('killed', chance(random, 0.5))
      case 'agentCrashAtCall':
        if (cabinet.machine.life !== undefined) cabinet.machine.life.callsLeft = 1 + nextBelow(random, 60)
        return
      case 'serverCrash':
        return backend.machine.crash('killed', chance(random, 0.5))
      case 'serverCrashAtCall':
        if (backend.machine.life !== undefined) backend.machine.life.callsLeft = 1 + nextBelow(random, 120)
        return
      case 'agentWriteFails':
        cabinet.machine.failingWrites = 1 + nextBelow(random, 3)
        return
      case 'serverWriteFails':
        backend.machine.failingWrites = 1 + nextBelow(random, 3)
        return
      case 'agentDiskFull':
        cabinet.machine.isDiskFull = true
        return this.#later(30_000 * nextUnit(random), () => (cabinet.machine.isDiskFull = false))
      case 'serverDiskFull':
        backend.machine.isDiskFull = true
        return this.#later(20_000 * nextUnit(random), () => (backend.machine.isDiskFull = false))
      case 'powerCutDoorOpen':
      case 'duplicate':
      case 'reorder':
      case 'delay':
        return
      default:
        return this.#strikeOutside(kind, cabinet, random)
    }
  }

  #strikeOutside(kind: FaultKind, cabinet: SimCabinet, random: Random): void {
    const { broker, backend } = this.#world
    const { boards } = cabinet
    switch (kind) {
      case 'brokerRestart':
        return broker.restart(5_000 * nextUnit(random), chance(random, 0.5))
      case 'partition':
        return this.#cut(cabinet.cabinetId, random, true, true, 200_000)
      case 'oneWayPartition': {
        const isUp = chance(random, 0.5)
        return this.#cut(cabinet.cabinetId, random, isUp, !isUp, 200_000)
      }
      case 'serverPartition':
        return this.#cut(serverClientId, random, chance(random, 0.7), chance(random, 0.7), 60_000)
      case 'longAbsence': {
        // The cabinet is switched off, and what the broker holds for it grows old.
        cabinet.setPower(false)
        return this.#later(3_600_000 * (0.2 + nextUnit(random)), () => this.#powerOn(cabinet))
      }
      case 'darkDays':
        return this.#darken(random)
      case 'agentClockJump':
        cabinet.machine.skewMs += Math.round((nextUnit(random) - 0.5) * pick(random, [20_000, 400_000, 86_400_000]))
        return this.#later(60_000 * nextUnit(random), () => (cabinet.machine.skewMs = 0))
      case 'serverClockJump':
        backend.machine.skewMs += Math.round((nextUnit(random) - 0.5) * 20_000)
        return this.#later(60_000 * nextUnit(random), () => (backend.machine.skewMs = 0))
      case 'scaleSilent':
        boards.isScaleSilent = true
        return this.#later(12_000 * nextUnit(random), () => (boards.isScaleSilent = false))
      case 'lockSilent':
        boards.isLockSilent = true
        return this.#later(12_000 * nextUnit(random), () => (boards.isLockSilent = false))
      case 'lockJammed':
        boards.mechanism.isJammed = true
        return this.#later(20_000 * nextUnit(random), () => (boards.mechanism.isJammed = false))
      case 'doorLies':
        boards.isDoorLying = true
        return this.#later(10_000 * nextUnit(random), () => (boards.isDoorLying = false))
      case 'lockLies':
        boards.isLockLying = true
        return this.#later(8_000 * nextUnit(random), () => (boards.isLockLying = false))
      case 'scaleLies':
        boards.scaleLieMg = pick(random, [-400_000, 250_000, 3_000_000])
        return this.#later(12_000 * nextUnit(random), () => (boards.scaleLieMg = 0))
      case 'forgedCommand':
        return this.#forge(cabinet, random)
      case 'replayedCommand':
        return this.#replay(cabinet, random)
      default:
        return undefined
    }
  }

  #powerOn(cabinet: SimCabinet): void {
    if (!this.#world.isDark) cabinet.setPower(true)
  }

  /** The town is without power for days, but for the broker: what it holds is days old when the lights go on. */
  #darken(random: Random): void {
    const world = this.#world
    if (world.isDark) return
    const lastsMs = 86_400_000 * (3 + 18 * nextUnit(random))
    world.darkUntilMs = world.scheduler.nowMs + lastsMs
    world.backend.setPower(false)
    for (const cabinet of world.cabinets) cabinet.setPower(false)
    this.#later(lastsMs, () => {
      if (!world.backend.isPowered) world.backend.setPower(true)
      for (const cabinet of world.cabinets) if (!cabinet.isPowered) cabinet.setPower(true)
    })
  }

  #cut(clientId: string, random: Random, isUp: boolean, isDown: boolean, mostMs: number): void {
    const { broker } = this.#world
    broker.setNetwork(clientId, {
      ...(isUp ? { isUpWhole: false } : {}),
      ...(isDown ? { isDownWhole: false } : {}),
    })
    this.#later(mostMs * nextUnit(random) ** 2, () => {
      broker.setNetwork(clientId, { isUpWhole: true, isDownWhole: true })
    })
  }

  /** Whoever has the broker's password asks for an open door, by each key that the cabinet has been told to obey no more. */
  forgeByEndedKeys(cabinet: SimCabinet, random: Random): void {
    for (const { pem } of this.#endedAt(cabinet)) this.#forgeBy(pem, cabinet, random)
  }

  #endedAt({ obeyedKeys }: SimCabinet): readonly SimKey[] {
    const { commandKeys } = this.#world
    return commandKeys.slice(
      0,
      commandKeys.findIndex(({ publicKey }) => obeyedKeys.includes(publicKey)),
    )
  }

  /** By a key of his own, or one that was the server's. */
  #forge(cabinet: SimCabinet, random: Random): void {
    this.#forgeBy(pick(random, [thiefKey, ...this.#endedAt(cabinet)]).pem, cabinet, random)
  }

  #forgeBy(pem: string, { cabinetId }: SimCabinet, random: Random): void {
    const { broker, scheduler } = this.#world
    const issuedAtMs = epochMs + Math.floor(scheduler.nowMs)
    const id = () => makeId({ now: () => issuedAtMs }, random)
    const body = { sessionId: id(), holdFen: 10_000, planogramVersion: 1, pricesVersion: 1 }
    const command = { commandId: id(), kind: 'unlock', body, issuedAtMs, expiresAtMs: issuedAtMs + 15_000 }
    const payload = Buffer.from(JSON.stringify(new CommandSigner(pem).sign(cabinetId, command)))
    broker.route({ topic: topicOf(cabinetId, 'commands'), payload, qos: 1 }, false)
  }

  /** An overheard command comes again, here or at another cabinet. */
  #replay(cabinet: SimCabinet, random: Random): void {
    const heard = [...this.#world.commands.values()]
    if (heard.length === 0) return
    const { command } = heard[heard.length - 1 - nextBelow(random, Math.min(heard.length, 20))] ?? pick(random, heard)
    const to = chance(random, 0.8) ? cabinet : pick(random, this.#world.cabinets)
    const payload = Buffer.from(JSON.stringify(command))
    this.#world.broker.route({ topic: topicOf(to.cabinetId, 'commands'), payload, qos: 1 }, false)
  }
}
