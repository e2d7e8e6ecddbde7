// The server's machine: its database on a disk of its own, its line to the broker, and a supervisor.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import type { UnitContext, Unit } from '#server/db/unit.ts'
import { openCommandSigner } from '#server/command-keys/open-signer.ts'
import { readServerConfig } from '#server/config/server-config.ts'
import type { Effect, ServerContext } from '#server/context.ts'
import { startCore } from '#server/core.ts'
import type { Database } from '#server/db/database.ts'
import { openSqlite } from '#server/db/sqlite-database.ts'
import { LiveHub } from '#server/http/live-hub.ts'
import { Metrics } from '#server/http/metrics.ts'
import type { CabinetLink, LinkListener } from '#server/mqtt/cabinet-link.ts'
import { CommandSigner } from '#server/mqtt/command-signer.ts'
import type { Noun } from '#server/nouns.ts'
import { PassSigner } from '#server/offline-passes/pass-signer.ts'
import { channelRules, channels, topicOf, topicOfAll } from '#shared/contracts/mqtt/topics.ts'
import { seededRandom, type Random } from '#shared/ids/random.ts'
import { testSealer } from '#tests/support/test-sealer.ts'
import type { Broker } from './broker.ts'
import { makeKeyPair } from './keys.ts'
import type { Line } from './line.ts'
import { Machine, ProcessDied, type Life, type StatementFilter } from './machine.ts'
import type { Scheduler } from './scheduler.ts'
import { ServerFile } from './server-file.ts'
import { epochMs } from './shop.ts'

const restartMs = 3_000
const reconnectMs = 1_000
const commitMs = 4
export const serverClientId = 'server'

export interface BackendOptions {
  readonly folder: string
  readonly scheduler: Scheduler
  readonly broker: Broker
  readonly random: Random
  readonly commandKeyPem: string
  readonly nouns: readonly Noun[]
  readonly log: (line: string) => void
  readonly filter?: StatementFilter | undefined
  /** Wraps the line to the cabinets, for planted bugs. */
  readonly wrapLink?: ((link: CabinetLink, listener: LinkListener) => CabinetLink) | undefined
  readonly wrapListener?: ((listener: LinkListener, link: CabinetLink) => LinkListener) | undefined
}

export class Backend {
  readonly machine: Machine
  /** Of the run that is, or was last. */
  signer: CommandSigner
  /** Of commands that left the server: another's signature is none of its own. */
  readonly signatures = new Set<string>()
  ctx: ServerContext | undefined
  /** Signs offline passes while this run lasts. */
  passSigner: PassSigner | undefined
  /** No power: nobody starts it. */
  isPowered = true
  readonly file: ServerFile
  #passKeys = 0
  readonly #path: string
  readonly #options: BackendOptions
  readonly #config

  constructor(options: BackendOptions) {
    const { scheduler, random, log, folder } = options
    this.#options = options
    this.#path = join(folder, 'server.db')
    this.file = new ServerFile(this.#path, () => this.machine.isRunning)
    this.#config = readServerConfig({ HUINONG_DATA_DIR: folder })
    writeFileSync(this.keyFile, options.commandKeyPem, { mode: 0o600 })
    this.signer = new CommandSigner(options.commandKeyPem)
    this.machine = new Machine({
      name: 'server',
      scheduler,
      random,
      epochMs,
      filter: options.filter,
      onDeath: (why) => {
        log(`server ended: ${why}`)
        this.ctx = undefined
        this.passSigner = undefined
        this.#startLater()
      },
    })
  }

  /** Where the private half of the key lies that signs commands. */
  get keyFile(): string {
    return this.#config.commandKeyFile
  }

  /** The server's own idea of the time, epoch ms. */
  get nowMs(): number {
    const { scheduler, skewMs } = this.machine
    return Math.floor(epochMs + skewMs + scheduler.nowMs)
  }

  /** Runs a use case as a request would; undefined when the server is down or dies on the way (nothing is ever answered then). */
  async run<T>(work: (ctx: UnitContext) => Unit<T>): Promise<T> {
    if (this.ctx === undefined) throw new ProcessDied('the server is down')
    return await this.ctx.database.run(work)
  }

  /** Runs a use case and does what it leaves to do, as the server does before it answers. */
  async serve<T extends { readonly effects: readonly Effect[] }>(work: (ctx: UnitContext) => Unit<T>): Promise<T> {
    const done = await this.run(work)
    this.ctx?.perform(done.effects)
    return done
  }

  boot(): void {
    if (!this.isPowered || this.machine.isRunning) return
    const life = this.machine.boot()
    life.onEnd(() => this.file.letGo())
    const random = seededRandom(this.#options.random.nextUint32())
    void this.#start(life, random)
  }

  async #start(life: Life, random: Random): Promise<void> {
    const database = this.#open(life, random)
    const signer = await openCommandSigner(database, this.keyFile)
    this.signer = signer
    const logger = pino(
      { level: 'warn', base: null, timestamp: false },
      { write: (line) => this.#options.log(`server log ${line.trim()}`) },
    )
    const metrics = new Metrics()
    const parts = {
      config: this.#config,
      database,
      clock: life.clock,
      random,
      logger,
      metrics,
      hub: new LiveHub(life.clock, metrics),
      signer,
      sealer: testSealer,
    }
    const { nouns } = this.#options
    const openLink = (listener: LinkListener) => this.#openLink(life, listener)
    const { ctx } = await startCore(parts, { nouns, ends: [], openLink })
    if (life.isOver) return
    this.ctx = ctx
    this.passSigner = new PassSigner(signer, life.clock, () => this.#nextPassKey())
  }

  setPower(isPowered: boolean): void {
    this.isPowered = isPowered
    if (isPowered) this.#startLater()
    else this.machine.crash('the power went', true)
  }

  #startLater(): void {
    this.#options.scheduler.after(restartMs, () => this.boot())
  }

  /** Numbered from where no cabinet's key is. */
  #nextPassKey() {
    this.#passKeys += 1
    return makeKeyPair(100_000 + this.#passKeys)
  }

  #open(life: Life, random: Random): Database {
    const { scheduler } = this.#options
    return openSqlite(
      this.#path,
      { url: '', clock: life.clock, random },
      {
        defer: (callback) => void scheduler.after(commitMs, () => !life.isOver && callback()),
        openFile: life.openFile,
      },
    )
  }

  #openLink(life: Life, listener: LinkListener): CabinetLink {
    const { broker, scheduler, wrapLink, wrapListener } = this.#options
    const { signatures } = this
    let line: Line | undefined
    const link: CabinetLink = {
      get isConnected() {
        return line?.isOpen === true
      },
      url: 'sim://broker',
      publish(cabinetId, channel, message) {
        life.touch('publish')
        if (channel === 'commands' && 'signature' in message) signatures.add(message.signature)
        return new Promise((resolve, reject) => {
          if (line?.isOpen !== true) {
            reject(new Error('the broker is away'))
            return
          }
          const { qos, isRetained } = channelRules[channel]
          const payload = Buffer.from(JSON.stringify(message))
          line.publish({ topic: topicOf(cabinetId, channel), payload, qos }, isRetained, (error) => {
            if (life.isOver) return
            if (error === undefined) resolve()
            else reject(error)
          })
        })
      },
      shareWithPages: () => {},
      disconnect: () => {},
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
    const wrapped = wrapLink?.(link, listener) ?? link
    const heard = wrapListener?.(listener, wrapped) ?? listener
    const connect = () => {
      if (life.isOver) return
      const mine = broker.connect({
        clientId: serverClientId,
        isKept: false,
        keepaliveMs: 30_000,
        mayLogin: () => true,
        onOpen: () => {
          if (life.isOver) return
          const filters = channels.filter((channel) => channelRules[channel].publisher === 'cabinet').map(topicOfAll)
          mine.subscribe(filters, () => !life.isOver && heard.onConnected())
        },
        handlers: {
          onMessage: ({ topic, payload }) => !life.isOver && heard.onMessage(topic, payload),
          onClose: () => void (life.isOver || scheduler.after(reconnectMs, connect)),
        },
      })
      line = mine
    }
    // The listener is told once the line is in somebody's hand.
    scheduler.after(0, connect)
    life.onEnd(() => line?.drop())
    return wrapped
  }
}
