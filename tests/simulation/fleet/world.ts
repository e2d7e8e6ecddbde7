// The whole of it: broker, server, cabinets, the people in front of them, and what they did in truth.
import { rmSync } from 'node:fs'
import { seededRandom, nextBelow, nextUnit, type Random } from '#shared/ids/random.ts'
import { parseTopic } from '#shared/contracts/mqtt/topics.ts'
import type { Command, CommandBody, Reply } from '#shared/contracts/mqtt/command.ts'
import { nouns, type Noun } from '#server/nouns.ts'
import { clockDoubtMs } from '#server/offline-passes/tell-group.ts'
import { Backend, type BackendOptions } from './backend.ts'
import { Broker } from './broker.ts'
import { SimCabinet, type CabinetOptions } from './cabinet.ts'
import { makeKey, type SimKey } from './keys.ts'
import type { Packet } from './line.ts'
import { findFailedDisk, isDeath } from './machine.ts'
import { Scheduler } from './scheduler.ts'
import { copyShop, epochMs, offlineRisk, type Shop } from './shop.ts'

/** Where a test may plant a bug: hands at the ports, none of them in the product. */
export interface PlantedBug {
  readonly agent?: Pick<CabinetOptions, 'filter' | 'isLogUnsynced' | 'wrapClock' | 'wrapKeys'>
  readonly server?: Pick<BackendOptions, 'filter' | 'wrapLink' | 'wrapListener'>
  readonly nouns?: readonly Noun[]
  readonly extraServerKey?: string
  /** Visits of a seed that give it a chance; default: few. */
  readonly sessions?: number
  onWorld?(world: World): void
}

/** What was truly taken in a session, by lane; present once the door has closed on it. */
export interface Truth {
  readonly cabinetCode: string
  readonly taken: ReadonlyMap<string, number>
}

/** An offline pass, where it is good, and where it has opened. */
export interface Pass {
  readonly passId: string
  readonly code: string
  readonly buyerId: string
  readonly groupId: string
  readonly expiresAtMs: number
  readonly capFen: number
  readonly openedAt: Set<string>
  /** Cabinets that have answered that it opens nothing any more. */
  readonly endedAt: Set<string>
}

export const signingKey = makeKey(1)
export const thiefKey = makeKey(2)
const storyLength = 4_000

export class World {
  readonly scheduler: Scheduler
  readonly broker: Broker
  readonly backend: Backend
  readonly cabinets: readonly SimCabinet[]
  readonly shop: Shop
  readonly random: Random
  readonly story: string[] = []
  readonly violations: string[] = []
  /** Commands the server signed, as the broker saw them. */
  readonly commands = new Map<string, { cabinetId: string; command: Command; pulses: number }>()
  /** Passes that buyers hold. */
  readonly passes = new Map<string, Pass>()
  /** Sessions for which a lock fired. */
  readonly pulsed = new Set<string>()
  /** Every key that has ever signed commands, or is to, in their order. A thief has them all. */
  readonly commandKeys: SimKey[] = [signingKey]
  /** The whole town is without power until then, ms. */
  darkUntilMs = 0
  readonly folder: string

  constructor(options: {
    seed: number
    cabinets: number
    folder: string
    template: string
    shop: Shop
    bug?: PlantedBug | undefined
  }) {
    const { seed, folder, template, shop, bug } = options
    this.folder = folder
    this.shop = shop
    this.random = seededRandom(seed)
    this.scheduler = new Scheduler(this.fork())
    this.broker = new Broker(this.scheduler, this.fork())
    copyShop(template, folder)
    const { scheduler, broker } = this
    const log = (line: string) => this.tell(line)
    this.backend = new Backend({
      folder,
      scheduler,
      broker,
      random: this.fork(),
      commandKeyPem: signingKey.pem,
      nouns: bug?.nouns ?? nouns,
      log,
      ...bug?.server,
    })
    const extraKeys = bug?.extraServerKey === undefined ? [] : [bug.extraServerKey]
    const serverKeys = [signingKey.publicKey, ...extraKeys]
    this.cabinets = shop.cabinets.slice(0, options.cabinets).map(({ cabinetId, code, groupId }, index) => {
      const cabinet = new SimCabinet({
        index,
        cabinetId,
        code,
        groupId,
        folder,
        scheduler,
        broker,
        random: this.fork(),
        serverKeys,
        log,
        ...bug?.agent,
      })
      cabinet.boards.onPulse = () => this.#judgePulse(cabinet)
      return cabinet
    })
    broker.filter = (packet, toClientId) => {
      if (toClientId === undefined) this.#overhear(packet)
      return packet
    }
    bug?.onWorld?.(this)
  }

  fork(): Random {
    return seededRandom(this.random.nextUint32())
  }

  tell(line: string): void {
    this.story.push(`${(this.scheduler.nowMs / 1_000).toFixed(3).padStart(12)} ${line}`)
    if (this.story.length > storyLength) this.story.splice(0, storyLength / 2)
  }

  fail(what: string): void {
    this.violations.push(what)
    this.tell(`VIOLATION ${what}`)
  }

  /** An error that nobody caught: of a process that is dead it is nothing, of a live one its end. */
  takeUncaught(error: unknown): void {
    if (isDeath(error)) return
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const machine = findFailedDisk(error)
    if (machine === undefined)
      return this.fail(`an error that nobody caught: ${text.split('\n').slice(0, 4).join(' | ')}`)
    this.tell(`uncaught ${text}`)
    machine.crash('an error that nobody caught')
  }

  close(): void {
    for (const cabinet of this.cabinets) {
      cabinet.isPowered = false
      cabinet.machine.life?.end(false)
    }
    this.backend.machine.life?.end(false)
    rmSync(this.folder, { recursive: true, force: true })
  }

  get isDark(): boolean {
    return this.scheduler.nowMs < this.darkUntilMs
  }

  #overhear({ topic, payload }: Packet): void {
    const parsed = parseTopic(topic)
    if (parsed?.channel === 'commands') this.#noteCommand(parsed.cabinetId, JSON.parse(payload.toString()) as Command)
    if (parsed?.channel === 'replies') this.#noteReply(parsed.cabinetId, JSON.parse(payload.toString()) as Reply)
  }

  #noteReply(cabinetId: string, { commandId, outcome }: Reply): void {
    const command = this.commands.get(commandId)?.command
    if (command?.kind !== 'revoke-pass' || outcome !== 'done') return
    const { passId } = command.body as CommandBody<'revoke-pass'>
    const code = this.cabinets.find((cabinet) => cabinet.cabinetId === cabinetId)?.code
    if (code !== undefined) this.passes.get(passId)?.endedAt.add(code)
  }

  #noteCommand(cabinetId: string, command: Command): void {
    if (this.commands.has(command.commandId)) return
    if (!this.backend.signatures.has(command.signature)) return
    this.commands.set(command.commandId, { cabinetId, command, pulses: 0 })
  }

  /** The lock's coil is about to fire: somebody must have been authorised, just now and once. */
  #judgePulse(cabinet: SimCabinet): void {
    const { session } = cabinet
    const commandId = session?.core?.commandId ?? ''
    const sessionId = session?.core?.sessionId ?? ''
    this.pulsed.add(sessionId)
    cabinet.openedFor = sessionId
    this.tell(`${cabinet.code} lock fires for session ${sessionId}`)
    if (session?.name !== 'unlocking') return this.fail(`${cabinet.code} unlocked in state ${session?.name ?? 'none'}`)
    const pass = this.passes.get(commandId)
    if (pass !== undefined) return this.#judgePass(cabinet, pass)
    const known = this.commands.get(commandId)
    if (known === undefined || known.cabinetId !== cabinet.cabinetId)
      return this.fail(`${cabinet.code} unlocked without a command of the server`)
    known.pulses += 1
    if (known.pulses > 1) this.fail(`${cabinet.code} unlocked twice for ${commandId}`)
    const nowMs = epochMs + cabinet.machine.skewMs + this.scheduler.nowMs
    if (nowMs > known.command.expiresAtMs + 1_000)
      this.fail(`${cabinet.code} unlocked ${nowMs - known.command.expiresAtMs} ms after the command expired`)
  }

  /** A pass opens its own site's cabinets, each once, while it is good, and no more of them than one absence may cost. */
  #judgePass(cabinet: SimCabinet, pass: Pass): void {
    const { code, groupId, machine } = cabinet
    if (pass.endedAt.has(code)) this.fail(`${code} unlocked on a pass after it said that it opens nothing any more`)
    if (pass.groupId !== groupId) this.fail(`${code} unlocked on a pass of another site`)
    if (pass.openedAt.has(code)) this.fail(`${code} unlocked twice on pass ${pass.passId}`)
    pass.openedAt.add(code)
    this.#judgeRisk(cabinet)
    const nowMs = epochMs + machine.skewMs + this.scheduler.nowMs
    if (nowMs > pass.expiresAtMs + clockDoubtMs) this.fail(`${code} unlocked on a pass that expired`)
  }

  /** What a cabinet sold on passes and the server has not heard of. */
  #judgeRisk({ code, cabinetId }: SimCabinet): void {
    const known = this.backend.file.look((db) =>
      db.prepare('SELECT pass_id FROM offline_pass_use WHERE cabinet_id = ?').pluck().all(cabinetId),
    )
    const open = [...this.passes.values()].filter(
      ({ passId, openedAt }) => openedAt.has(code) && !known.includes(passId),
    )
    const capFen = open.reduce((sum, pass) => sum + pass.capFen, 0)
    if (open.length > offlineRisk.maxOpenSessions || capFen > offlineRisk.maxOpenFen)
      this.fail(`${code} sold on ${open.length} passes of ${capFen} fen that the server has not heard of`)
  }
}

export function chance(random: Random, probability: number): boolean {
  return nextUnit(random) < probability
}

export function pick<T>(random: Random, from: readonly T[]): T {
  const one = from[nextBelow(random, from.length)]
  if (one === undefined) throw new Error('nothing to pick from')
  return one
}
