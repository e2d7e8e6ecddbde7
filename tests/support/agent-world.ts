// One agent on virtual boards, with a broker at the other end of its link; both live by the test's clock.
import { generateKeyPairSync } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Agent } from '#cabinet-agent/agent.ts'
import { createAgent, type AgentOverrides } from '#cabinet-agent/compose-agent.ts'
import { AgentConfig } from '#cabinet-agent/compose-config.ts'
import { loadIdentity, saveIdentity } from '#cabinet-agent/enrolment/identity.ts'
import type { LoadCellKind } from '#firmware-bridge/virtual/load-cell-profiles.ts'
import { VirtualCabinet, type CabinetItem } from '#firmware-bridge/virtual/virtual-cabinet.ts'
import { makeVirtualInstallation } from '#firmware-bridge/virtual/virtual-installation.ts'
import type { Command, Reply } from '#shared/contracts/mqtt/command.ts'
import type { LiveMessage } from '#shared/contracts/mqtt/live.ts'
import { CabinetConfig, type DesiredTwin, type ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { nextGaussian, seededRandom } from '#shared/ids/random.ts'
import { makeId, type Id } from '#shared/ids/uuid-v7.ts'
import { makeScratchFolder } from './scratch-folder.ts'
import { TestBroker } from './test-broker.ts'
import { TestClock, turn } from './test-clock.ts'

export interface AgentWorldOptions {
  laneCount?: number
  itemsPerLane?: number
  cells?: LoadCellKind
  dataDirectory?: string
  overrides?: AgentOverrides
  journal?: Partial<AgentConfig['journal']>
}

export const unitMg = 500_000
export const priceFen = 880

/** A twin whose lanes hold one SKU each, all at the same price. */
export function makeTwin(version: number, skuIds: readonly Id[], config: Partial<CabinetConfig> = {}): DesiredTwin {
  return {
    version,
    planogram: {
      version,
      lanes: skuIds.map((skuId, index) => ({
        laneId: `L0${index + 1}`,
        skuId,
        skuName: `goods ${index + 1}`,
        mode: 'piece' as const,
        capacity: 20,
        labelUnitMassMg: unitMg * (1 + index),
        labelUnitMassSdMg: 5_000,
        isOnSale: true,
      })),
    },
    prices: { version, prices: Object.fromEntries(skuIds.map((skuId) => [skuId, priceFen])) },
    config: CabinetConfig.parse(config),
    agent: null,
    lockedLanes: [],
  }
}

export class AgentWorld implements AsyncDisposable {
  readonly clock = new TestClock()
  readonly random = seededRandom(11)
  readonly cabinetId = this.id()
  readonly broker = new TestBroker(this.cabinetId)
  readonly skuIds: readonly Id[]
  readonly cabinet: VirtualCabinet
  readonly dataDirectory: string
  readonly restarts: string[] = []
  readonly logs: string[] = []
  readonly #options: AgentWorldOptions
  agent: Agent | undefined

  private constructor(options: AgentWorldOptions) {
    this.#options = options
    const { laneCount = 2, itemsPerLane = 8 } = options
    this.skuIds = Array.from({ length: laneCount }, () => this.id())
    this.dataDirectory = options.dataDirectory ?? makeScratchFolder('huinong-agent-')
    const itemsOf = (index: number): CabinetItem[] =>
      Array.from({ length: itemsPerLane }, (_, piece) => ({
        itemId: `${index}-${piece}`,
        massMg: Math.round(unitMg * (1 + index) + 3_000 * nextGaussian(this.random)),
      }))
    const installation = makeVirtualInstallation({ laneCount, hasScanner: true })
    this.cabinet = new VirtualCabinet({
      installation,
      cells: options.cells ?? 'good',
      clock: this.clock,
      random: seededRandom(12),
      items: Object.fromEntries(installation.scales.map(({ laneId }, index) => [laneId, itemsOf(index)])),
    })
  }

  /** An agent that is online, holds twin version 1 and knows its stock. */
  static async start(options: AgentWorldOptions = {}): Promise<AgentWorld> {
    const world = new AgentWorld(options)
    await world.broker.start()
    await world.boot()
    world.broker.send('desired', makeTwin(1, world.skuIds))
    await world.until(() => world.reported?.desiredVersion === 1, 'twin 1')
    return world
  }

  /** The same, with every lane counted by a restock. */
  static async stocked(options: AgentWorldOptions = {}): Promise<AgentWorld> {
    const world = await AgentWorld.start(options)
    const count = options.itemsPerLane ?? 8
    const loads = world.skuIds.map((skuId, index) => ({
      laneId: `L0${index + 1}`,
      lotId: world.id(),
      skuId,
      count,
      isReplacement: true,
    }))
    const command = world.command('restock-open', { sessionId: world.id(), restockerId: world.id(), loads })
    await world.replyTo(command)
    world.cabinet.openDoor()
    await world.pass(1_500)
    world.cabinet.closeDoor()
    await world.until(() => world.reported?.lanes.every((lane) => lane.count === count) === true, 'restock')
    return world
  }

  get reported(): ReportedTwin | undefined {
    return this.broker.last<ReportedTwin>('reported')
  }

  get config(): AgentConfig {
    return AgentConfig.parse({
      dataDirectory: this.dataDirectory,
      serverUrl: 'http://127.0.0.1:9',
      scales: { divisionMg: 100, samplePeriodMs: 100, scaleSdMg: 200 },
      journal: { ballastBytes: 65_536, minFreeBytes: 0, ...this.#options.journal },
      hardware: this.cabinet.installation,
    })
  }

  id(): Id {
    return makeId(this.clock, this.random)
  }

  async boot(): Promise<void> {
    if (loadIdentity(this.dataDirectory)?.cabinetId !== this.cabinetId) this.#enrol()
    const started = createAgent(this.config, {
      clock: this.clock,
      random: this.random,
      openVirtual: this.cabinet.openVirtual,
      onRestart: (reason) => this.restarts.push(reason),
      onLog: (level, message, detail) => this.logs.push(`${level}: ${message} ${JSON.stringify(detail ?? {})}`),
      ...this.#options.overrides,
    })
    let isOver = false
    const over = () => {
      isOver = true
    }
    started.then(over, over)
    await this.until(() => isOver, 'the agent', 10_000)
    this.agent = await started
  }

  #enrol(): void {
    const { privateKey } = generateKeyPairSync('ed25519')
    saveIdentity(this.dataDirectory, {
      cabinetId: this.cabinetId,
      code: 'YB-0001',
      mqttUrl: this.broker.url,
      serverPublicKeys: [this.broker.publicKey],
      privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      keySinceMs: this.clock.now(),
    })
  }

  /** Ends the agent as a pulled plug would. */
  async cutPower(): Promise<void> {
    await this.agent?.kill()
    this.agent = undefined
  }

  /** Moves the clock in small steps, letting sockets and boards talk in between. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 20) {
      await this.clock.advanceAsync(Math.min(20, left))
      await turn()
    }
  }

  async until(isTrue: () => boolean, what: string, limitMs = 30_000): Promise<void> {
    for (let passedMs = 0; !isTrue(); passedMs += 20) {
      if (passedMs > limitMs) throw new Error(`waited for ${what} in vain:\n${this.logs.slice(-10).join('\n')}`)
      await this.pass(20)
    }
  }

  make(kind: string, body: Record<string, unknown>, overrides: Partial<Command> = {}): Command {
    const issuedAtMs = this.clock.now()
    const command = { commandId: this.id(), kind, body, issuedAtMs, expiresAtMs: issuedAtMs + 30_000, ...overrides }
    return { ...this.broker.signed(command), ...('signature' in overrides ? overrides : {}) }
  }

  command(kind: string, body: Record<string, unknown>, overrides: Partial<Command> = {}): Command {
    const command = this.make(kind, body, overrides)
    this.broker.send('commands', command)
    return command
  }

  unlock(sessionId: Id = this.id(), version = 1): Command {
    return this.command('unlock', { sessionId, holdFen: 5_000, planogramVersion: version, pricesVersion: version })
  }

  async replyTo(command: Command): Promise<Reply> {
    await this.until(() => this.broker.repliesTo(command.commandId).length > 0, `a reply to ${command.kind}`)
    const [reply] = this.broker.repliesTo(command.commandId)
    if (reply === undefined) throw new Error('no reply')
    return reply
  }

  /** A buyer: opens, takes so many pieces of a lane, closes. */
  async shop(laneId: string, count: number): Promise<Id> {
    const sessionId = this.id()
    const reply = await this.replyTo(this.unlock(sessionId))
    if (reply.outcome !== 'done') throw new Error(`unlock: ${JSON.stringify(reply)}`)
    this.cabinet.openDoor()
    await this.pass(1_000)
    for (let piece = 0; piece < count; piece += 1) {
      this.cabinet.take(laneId)
      await this.pass(2_500)
    }
    if (count > 0)
      await this.until(() => this.broker.last<LiveMessage>('live')?.totalFen === count * priceFen, 'the cart')
    this.cabinet.closeDoor()
    return sessionId
  }

  eventsOf(sessionId: Id): string[] {
    return this.broker.committed.filter((entry) => entry.body['sessionId'] === sessionId).map((entry) => entry.type)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cutPower()
    await this.broker[Symbol.asyncDispose]()
    this.cabinet.stop()
    if (this.#options.dataDirectory === undefined) rmSync(this.dataDirectory, { recursive: true, force: true })
  }

  /** The journal's file. */
  get journalFile(): string {
    return join(this.dataDirectory, 'journal.sqlite')
  }
}
