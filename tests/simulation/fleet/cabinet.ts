// One cabinet: its boards, its computer with the real agent on it, and a supervisor that starts the agent again.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type BetterSqlite3 from 'better-sqlite3'
import { Agent } from '#cabinet-agent/agent.ts'
import { loadIdentity, saveIdentity } from '#cabinet-agent/enrolment/identity.ts'
import { KeyKeeper, type ServerKeys } from '#cabinet-agent/enrolment/key-keeper.ts'
import { Journal } from '#cabinet-agent/journal/journal.ts'
import type { DiskGuard } from '#cabinet-agent/journal/disk-guard.ts'
import type { BrokerConnection, ConnectBroker } from '#cabinet-agent/link/broker-connection.ts'
import { seededRandom, type Random } from '#shared/ids/random.ts'
import { makeId, type Id } from '#shared/ids/uuid-v7.ts'
import type { Clock } from '#shared/time/clock.ts'
import { judgeLogin } from '#server/mqtt/cabinet-login.ts'
import { Boards, divisionMg, scaleSdMg } from './boards.ts'
import type { Broker } from './broker.ts'
import { makeKey } from './keys.ts'
import { Machine, type Life, type StatementFilter } from './machine.ts'
import { MachineClock, type Scheduler } from './scheduler.ts'
import { epochMs, laneIds } from './shop.ts'

const samplePeriodMs = 250
const restartMs = 2_000

export interface CabinetOptions {
  readonly index: number
  readonly cabinetId: Id
  readonly code: string
  /** Its host site, whose passes open it. */
  readonly groupId: Id
  readonly folder: string
  readonly scheduler: Scheduler
  readonly broker: Broker
  readonly random: Random
  /** What enrolment told it. */
  readonly serverKeys: readonly string[]
  readonly log: (line: string) => void
  /** A planted bug's hand in the agent's statements. */
  readonly filter?: StatementFilter | undefined
  readonly isLogUnsynced?: boolean | undefined
  /** Wraps whom the agent obeys, for planted bugs. */
  readonly wrapKeys?: ((keys: ServerKeys) => ServerKeys) | undefined
  /** Wraps the agent's clock, for planted bugs. */
  readonly wrapClock?: ((clock: MachineClock) => MachineClock) | undefined
}

interface RunningSession {
  readonly name: string
  readonly core?: { readonly sessionId: string; readonly commandId: string }
}

export class SimCabinet {
  readonly cabinetId: Id
  readonly code: string
  readonly groupId: Id
  readonly machine: Machine
  readonly boards: Boards
  /** No power: the supervisor starts nothing. */
  isPowered = true
  agent: Agent | undefined
  /** The session for which the lock fired last; who finds the bolt drawn is served in it, whatever they asked for. */
  openedFor: string | undefined
  readonly #options: CabinetOptions
  readonly #key
  #journal: BetterSqlite3.Database | undefined
  #stateOf: BetterSqlite3.Statement | undefined

  constructor(options: CabinetOptions) {
    const { scheduler, code, log } = options
    this.#options = options
    this.cabinetId = options.cabinetId
    this.code = code
    this.groupId = options.groupId
    this.#key = makeKey(100 + options.index)
    this.machine = new Machine({
      name: code,
      scheduler,
      random: options.random,
      epochMs,
      filter: options.filter,
      isLogUnsynced: options.isLogUnsynced,
      onDeath: (why) => {
        log(`${code} agent ended: ${why}`)
        this.agent = undefined
        this.#journal = undefined
        this.#stateOf = undefined
        this.#startLater()
      },
    })
    const world = new MachineClock(
      scheduler,
      () => epochMs,
      () => true,
    )
    this.boards = new Boards(world, seededRandom(options.random.nextUint32()), laneIds)
    mkdirSync(this.#folder)
    saveIdentity(this.#folder, {
      cabinetId: options.cabinetId,
      code,
      mqttUrl: 'sim://broker',
      serverPublicKeys: [...options.serverKeys],
      privateKeyPem: this.#key.pem,
      keySinceMs: 0,
    })
  }

  /** Where it keeps what enrolment gave it. */
  get #folder(): string {
    return join(this.#options.folder, this.code)
  }

  /** Keys of the server that it obeys, as its disk has them. */
  get obeyedKeys(): readonly string[] {
    return loadIdentity(this.#folder)?.serverPublicKeys ?? []
  }

  get journalFile(): string {
    return join(this.#options.folder, `${this.code}.sqlite`)
  }

  /** The running agent's journal, to look at. */
  get journal(): BetterSqlite3.Database | undefined {
    return this.#journal
  }

  /** The session the agent is at, as its journal has it; undefined without a running agent. */
  get session(): RunningSession | undefined {
    const row = this.#stateOf?.get() as { state: string } | undefined
    return row === undefined ? undefined : (JSON.parse(row.state) as { session: RunningSession }).session
  }

  setPower(isPowered: boolean): void {
    this.isPowered = isPowered
    if (isPowered) this.#startLater()
    else this.machine.crash('the power went', true)
  }

  boot(): void {
    if (!this.isPowered || this.machine.isRunning) return
    const life = this.machine.boot()
    const { log, random, wrapClock, wrapKeys = (keys) => keys } = this.#options
    const { cabinetId, machine, code } = this
    const clock = wrapClock?.(life.clock) ?? life.clock
    const own = seededRandom(random.nextUint32())
    const bootId = makeId(clock, own)
    const journal = Journal.open({
      file: this.journalFile,
      bootId,
      keptEntries: 200,
      openFile: (file) => {
        this.#journal = life.openFile(file, { timeout: 500 })
        return this.#journal
      },
    })
    const keeper = this.#keeper(clock)
    const agent = new Agent({
      cabinetId,
      bootId,
      mqttUrl: 'sim://broker',
      connect: this.#connector(life),
      login: () => keeper.login(),
      serverKeys: wrapKeys(this.#guardKeys(life, keeper.serverKeys)),
      hardware: this.boards.hardwareFor(life),
      journal,
      guard: makeGuard(machine),
      sheet: { divisionMg, samplePeriodMs, scaleSdMg },
      clock,
      random: own,
      rssBytes: () => 80_000_000,
      onRestart: () => machine.crash('a commanded reboot'),
      onLog: (level, message, detail) => {
        if (level !== 'info') log(`${code} ${level}: ${message} ${JSON.stringify(detail ?? {})}`)
      },
    })
    this.#stateOf = this.#journal?.prepare('SELECT state FROM machine')
    this.agent = agent
    void agent.start()
  }

  #keeper(clock: Clock): KeyKeeper {
    const identity = loadIdentity(this.#folder)
    if (identity === undefined) throw new Error(`${this.code} has lost its identity`)
    // Its own key has served its time when the simulation is long over.
    const lifetimeMs = Number.MAX_SAFE_INTEGER
    return new KeyKeeper({
      identity,
      dataDirectory: this.#folder,
      serverUrl: '',
      fetch,
      clock,
      lifetimeMs,
      onLog: () => {},
    })
  }

  /** Lists of keys are written to a disk like any other, and the process may end before and after. */
  #guardKeys(life: Life, keys: ServerKeys): ServerKeys {
    let generation = loadIdentity(this.#folder)?.commandKeys?.generation ?? 0
    return {
      ...keys,
      follow: (lists) => {
        if (lists.every((list) => list.generation <= generation)) return keys.follow(lists)
        life.touchDisk('write')
        const hasChanged = keys.follow(lists)
        generation = loadIdentity(this.#folder)?.commandKeys?.generation ?? 0
        life.touch('committed')
        return hasChanged
      },
    }
  }

  #startLater(): void {
    this.#options.scheduler.after(restartMs, () => {
      try {
        this.boot()
      } catch (error) {
        this.machine.crash(`it could not start: ${String(error)}`)
      }
    })
  }

  #connector(life: Life): ConnectBroker {
    const { broker } = this.#options
    const { cabinetId } = this
    return (options, handlers) => {
      life.touch('connect')
      const isAlive = () => !life.isOver
      const line = broker.connect({
        clientId: cabinetId,
        isKept: true,
        keepaliveMs: options.keepaliveS * 1_000,
        will: { topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 1 },
        mayLogin: () =>
          judgeLogin(cabinetId, this.#key.publicKey, options.login.password, epochMs + broker.scheduler.nowMs) ===
          'good',
        onOpen: () => isAlive() && handlers.onOpen(),
        handlers: {
          onMessage: ({ topic, payload }) => isAlive() && handlers.onMessage(topic, payload),
          onClose: (why) => isAlive() && handlers.onClose(why),
        },
      })
      life.onEnd(() => line.drop())
      const connection: BrokerConnection = {
        get isOpen() {
          return line.isOpen
        },
        unsentBytes: 0,
        subscribe: (topics, onDone) => line.subscribe(topics, (isGranted) => isAlive() && onDone(isGranted)),
        publish(topic, payload, { qos, retain }, onDone) {
          life.touch('publish')
          line.publish({ topic, payload: Buffer.from(payload), qos }, retain, (error) => isAlive() && onDone?.(error))
        },
        end: (onDone) => line.goodbye(() => isAlive() && onDone()),
        drop: () => line.drop(),
      }
      return connection
    }
  }
}

function makeGuard(machine: Machine): DiskGuard {
  return {
    freeBytes: () => (machine.isDiskFull ? 0 : 1_000_000_000),
    hasRoom: () => !machine.isDiskFull,
    releaseBallast: () => false,
    restoreBallast: () => !machine.isDiskFull,
  }
}
