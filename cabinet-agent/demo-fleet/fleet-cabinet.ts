import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VirtualCabinet } from '#firmware-bridge/virtual/virtual-cabinet.ts'
import type { VirtualFault } from '#firmware-bridge/virtual/virtual-fault.ts'
import { makeVirtualInstallation } from '#firmware-bridge/virtual/virtual-installation.ts'
import type { FleetConfig, HandsCommand, HandsState } from '#shared/contracts/demo/hands.ts'
import { seededRandom, systemRandom, type Random } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import { z } from 'zod'
import type { Agent } from '../agent.ts'
import { createAgent } from '../compose-agent.ts'
import { AgentConfig } from '../compose-config.ts'
import { drawMassMg, Goods, toVirtualItem } from './virtual-goods.ts'

export interface FleetCabinetOptions {
  cabinet: FleetConfig['cabinets'][number]
  serverUrl: string
  dataDirectory: string
  clock: Clock
  signal: AbortSignal
  onLog: (level: 'info' | 'warn' | 'error', message: string, detail?: object) => void
}

type SetFault = Extract<HandsCommand, { hand: 'set-fault' }>
type DemoFault = Pick<SetFault, 'fault' | 'laneId'>

/** The scales' data sheets of the load-cell profiles (weighing.md, load-cell model). */
const sheets = {
  good: { divisionMg: 100, samplePeriodMs: 100, scaleSdMg: 200 },
  typical: { divisionMg: 1_000, samplePeriodMs: 100, scaleSdMg: 700 },
  bad: { divisionMg: 5_000, samplePeriodMs: 800, scaleSdMg: 2_500 },
} as const

const World = z.object({ lanes: z.record(z.string(), z.array(Goods)), inHand: z.array(Goods) })
type World = z.infer<typeof World>

const saveDelayMs = 300
const bootDelayMs = 600
const maxInHand = 500
/** Shortest time a door is open, ms. */
const doorSwingMs = 900

/**
 * One virtual cabinet of the demo with a real agent on it, its power switch and its network cable. Goods on lanes and
 * in the hand outlive the process, as real ones would; hands move them and tell the agent nothing.
 */
export class FleetCabinet implements AsyncDisposable {
  readonly #options: FleetCabinetOptions
  readonly #directory: string
  readonly #random: Random
  readonly #virtual: VirtualCabinet<Goods>
  #inHand: Goods[]
  #agent: Agent | undefined
  #isPowered = true
  #isNetworkUp = true
  #faults: DemoFault[] = []
  #work: Promise<void> = Promise.resolve()
  #cancelSave: CancelTimer | undefined
  #revision = 0
  #openedMs = 0
  #cancelSwing: CancelTimer | undefined
  /** Of the screen's page: chosen once, so that an open page finds it again after a power cut. */
  #screenPort = 0

  constructor(options: FleetCabinetOptions) {
    const { cabinet, clock, dataDirectory } = options
    this.#options = options
    this.#directory = join(dataDirectory, cabinet.code)
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    const world = loadWorld(this.#directory)
    this.#inHand = world.inHand
    this.#random = seededRandom(cabinet.seed)
    this.#virtual = new VirtualCabinet<Goods>({
      installation: makeVirtualInstallation({ laneCount: cabinet.laneCount, hasScanner: true }),
      cells: cabinet.profile,
      clock,
      random: seededRandom(cabinet.seed + 1),
      items: world.lanes,
    })
  }

  get code(): string {
    return this.#options.cabinet.code
  }

  /** Grows with everything that hands change. */
  get revision(): number {
    return this.#revision
  }

  /** Resolves when the agent runs; waits for the server when it must enrol. */
  async start(): Promise<void> {
    await this.#boot()
  }

  /** Does what a hand does; the reason when it cannot. */
  act(command: HandsCommand): string | undefined {
    const refused = this.#act(command)
    this.#revision += 1
    this.#saveSoon()
    return refused
  }

  state(): HandsState {
    const view = this.#virtual.view()
    return {
      kind: 'state',
      cabinetCode: this.code,
      atMs: this.#options.clock.now(),
      door: this.#virtual.isDoorOpen ? 'open' : 'closed',
      isLocked: this.#virtual.isLocked,
      isPowered: this.#isPowered,
      isNetworkUp: this.#isNetworkUp,
      ...(this.#agent?.screenUrl === undefined ? {} : { screenUrl: this.#agent.screenUrl }),
      temperatureDeciC: this.#virtual.climate.temperatureDeciC,
      ...(this.#virtual.scannerDisplay === undefined ? {} : { scannerDisplay: this.#virtual.scannerDisplay }),
      lanes: view.map(({ laneId, items, displayed }) => ({
        laneId,
        displayMg: displayed === undefined ? 0 : Math.round(displayed.grossG * 1_000),
        isStable: displayed?.isStable ?? false,
        items: items.map(toVirtualItem),
      })),
      inHand: this.#inHand.map(toVirtualItem),
      faults: this.#faults,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelSave?.()
    this.#cancelSwing?.()
    this.#save()
    await this.#work
    await this.#agent?.[Symbol.asyncDispose]()
    this.#virtual.stop()
  }

  #act(command: HandsCommand): string | undefined {
    switch (command.hand) {
      case 'open-door':
        return this.#openDoor()
      case 'close-door':
        this.#closeDoor()
        return undefined
      case 'take':
        return this.#take(command.laneId, command.itemId)
      case 'put': {
        const index = this.#inHand.findIndex((item) => item.itemId === command.itemId)
        const item = this.#inHand[index]
        if (item === undefined) return 'the hand holds no such piece'
        const refused = this.#put(command.laneId, item)
        if (refused === undefined) this.#inHand.splice(index, 1)
        return refused
      }
      case 'put-foreign':
        return this.#put(command.laneId, {
          itemId: makeId(this.#options.clock, systemRandom),
          name: command.name,
          kind: 'foreign',
          labelMassMg: command.massMg,
          massMg: command.massMg,
        })
      case 'walk-away':
        this.#inHand = []
        return undefined
      case 'scan':
        return this.#virtual.scan(command.code) ? undefined : 'there is no code reader'
      case 'rest-on':
        return this.#onLane(command.laneId, () => this.#virtual.handOn(command.laneId, command.massMg / 1_000))
      case 'lift-off':
        return this.#onLane(command.laneId, () => {
          this.#virtual.handOff(command.laneId)
          return true
        })
      case 'load':
        return this.#load(command)
      case 'set-temperature':
        this.#virtual.climate.temperatureDeciC = command.temperatureDeciC
        return undefined
      case 'set-power':
        this.#setPower(command.isOn)
        return undefined
      case 'set-network':
        this.#isNetworkUp = command.isOn
        this.#agent?.setNetwork(command.isOn)
        return undefined
      case 'set-fault':
        return this.#setFault(command)
    }
  }

  #openDoor(): string | undefined {
    if (!this.#virtual.isDoorOpen) this.#openedMs = this.#options.clock.monotonicMs()
    this.#cancelSwing?.()
    return this.#virtual.openDoor() ? undefined : 'the door is locked'
  }

  /** A door has mass: however quick the hand, it does not swing open and shut in an instant. */
  #closeDoor(): void {
    const { clock } = this.#options
    const leftMs = this.#openedMs + doorSwingMs - clock.monotonicMs()
    this.#cancelSwing?.()
    this.#cancelSwing = clock.setTimer(Math.max(0, leftMs), () => {
      this.#virtual.closeDoor()
      this.#revision += 1
    })
  }

  #hasLane(laneId: string): boolean {
    return this.#virtual.installation.scales.some((scale) => scale.laneId === laneId)
  }

  #onLane(laneId: string, work: () => boolean): string | undefined {
    if (!this.#hasLane(laneId)) return `there is no lane ${laneId}`
    return work() ? undefined : 'the door is closed'
  }

  #take(laneId: string, itemId: string | undefined): string | undefined {
    if (!this.#hasLane(laneId)) return `there is no lane ${laneId}`
    if (this.#inHand.length >= maxInHand) return 'the hand is full'
    const result = this.#virtual.take(laneId, itemId)
    if (result.kind === 'refused') return result.why
    this.#inHand.push(result.item)
    return undefined
  }

  #put(laneId: string, item: Goods): string | undefined {
    if (!this.#hasLane(laneId)) return `there is no lane ${laneId}`
    const result = this.#virtual.put(laneId, item)
    return result.kind === 'refused' ? result.why : undefined
  }

  #load(command: Extract<HandsCommand, { hand: 'load' }>): string | undefined {
    const { laneId, skuId, name, count, unitMassMg, unitMassSdMg } = command
    for (let piece = 0; piece < count; piece += 1) {
      const refused = this.#put(laneId, {
        itemId: makeId(this.#options.clock, systemRandom),
        name,
        kind: 'goods',
        skuId,
        labelMassMg: unitMassMg,
        massMg: drawMassMg(this.#random, unitMassMg, unitMassSdMg),
      })
      if (refused !== undefined) return refused
    }
    return undefined
  }

  #setFault({ fault, laneId, isOn }: SetFault): string | undefined {
    if (laneId !== undefined && !this.#hasLane(laneId)) return `there is no lane ${laneId}`
    const others = this.#faults.filter((active) => active.fault !== fault || active.laneId !== laneId)
    this.#faults = isOn ? [...others, { fault, ...(laneId === undefined ? {} : { laneId }) }] : others
    this.#virtual.clearFaults()
    for (const active of this.#faults) for (const one of this.#toVirtual(active)) this.#virtual.setFault(one)
    return undefined
  }

  #toVirtual({ fault, laneId }: DemoFault): readonly VirtualFault[] {
    const { scales, ports } = this.#virtual.installation
    const lanes = laneId === undefined ? scales.map((scale) => scale.laneId) : [laneId]
    switch (fault) {
      case 'lock-jammed':
        return [{ kind: 'lock-jammed' }]
      case 'lock-silent':
        return [{ kind: 'board-silent', board: 'lock' }]
      case 'scale-silent':
        return lanes.map((board) => ({ kind: 'board-silent', board }))
      case 'scale-unstable':
        return lanes.map((lane) => ({ kind: 'unstable', laneId: lane, sdG: 40 }))
      case 'scale-overload':
        return lanes.map((lane) => ({ kind: 'out-of-range', laneId: lane, fault: 'overload' }))
      case 'line-noise':
        return Object.keys(ports).map((line) => ({ kind: 'bit-flips', line, probability: 0.002 }))
    }
  }

  /** Off is a pulled plug: nothing more is written or sent from that instant. On starts the agent from its journal. */
  #setPower(isOn: boolean): void {
    if (isOn === this.#isPowered) return
    this.#isPowered = isOn
    this.#queue(async () => {
      if (isOn) await this.#boot()
      else await this.#cutPower()
    })
  }

  #queue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#options.onLog('error', 'the agent could not be started', { code: this.code, error: String(error) })
    })
  }

  async #cutPower(): Promise<void> {
    const agent = this.#agent
    this.#agent = undefined
    await agent?.kill()
  }

  async #boot(): Promise<void> {
    const { cabinet, serverUrl, clock, signal, onLog } = this.#options
    const config = AgentConfig.parse({
      dataDirectory: this.#directory,
      serverUrl,
      ...(cabinet.enrolmentCode === undefined ? {} : { enrolmentCode: cabinet.enrolmentCode }),
      scales: sheets[cabinet.profile],
      screen: { port: this.#screenPort },
      hardware: this.#virtual.installation,
    })
    const agent = await createAgent(config, {
      clock,
      openVirtual: this.#virtual.openVirtual,
      signal,
      onRestart: () => this.#reboot(),
      onLog: (level, message, detail) => onLog(level, message, { code: cabinet.code, ...detail }),
    })
    agent.setNetwork(this.#isNetworkUp)
    this.#agent = agent
    if (agent.screenUrl !== undefined) this.#screenPort = Number(new URL(agent.screenUrl).port)
    this.#revision += 1
  }

  /** What a supervisor does with exit code 75. */
  #reboot(): void {
    const { clock } = this.#options
    this.#queue(async () => {
      const agent = this.#agent
      this.#agent = undefined
      await agent?.[Symbol.asyncDispose]()
      await new Promise<void>((resolve) => {
        clock.setTimer(bootDelayMs, resolve)
      })
      if (this.#isPowered) await this.#boot()
    })
  }

  #saveSoon(): void {
    this.#cancelSave ??= this.#options.clock.setTimer(saveDelayMs, () => {
      this.#cancelSave = undefined
      this.#save()
    })
  }

  #save(): void {
    const lanes = Object.fromEntries(this.#virtual.view().map(({ laneId, items }) => [laneId, [...items]]))
    const file = join(this.#directory, 'goods.json')
    const world: World = { lanes, inHand: this.#inHand }
    writeFileSync(`${file}.new`, JSON.stringify(world))
    renameSync(`${file}.new`, file)
  }
}

function loadWorld(directory: string): World {
  try {
    return World.parse(JSON.parse(readFileSync(join(directory, 'goods.json'), 'utf8')))
  } catch {
    return { lanes: {}, inHand: [] }
  }
}
