import { beforeAll, describe, expect, it } from 'vitest'
import { isFinalEvent } from '#cabinet-agent/session/end-session.ts'
import type { Command, Reply } from '#shared/contracts/mqtt/command.ts'
import type { ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { systemRandom } from '#shared/ids/random.ts'
import { makeId, type Id } from '#shared/ids/uuid-v7.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { AgentProcess, serveBoards, type ServedBoards } from '#tests/support/agent-process.ts'
import { makeTwin, unitMg } from '#tests/support/agent-world.ts'
import { TestBroker } from '#tests/support/test-broker.ts'
import { bundleEntry } from '../../.tools/bundle.mjs'

const newId = () => makeId(systemClock, systemRandom)
let entry: string
beforeAll(async () => {
  entry = await bundleEntry('cabinet-agent/main.ts')
})

/** One agent process on its boards, with a broker; all by the machine's clock. */
class Scene implements AsyncDisposable {
  readonly skuIds = [newId(), newId()]
  readonly cabinetId = newId()
  readonly broker = new TestBroker(this.cabinetId)
  readonly sessionId = newId()
  readonly command: Command
  readonly boards: ServedBoards
  readonly agent: AgentProcess

  private constructor(boards: ServedBoards, broker: TestBroker, cabinetId: Id) {
    this.boards = boards
    this.broker = broker
    this.cabinetId = cabinetId
    this.agent = new AgentProcess(entry, cabinetId, broker, boards)
    const body = { sessionId: this.sessionId, holdFen: 5_000, planogramVersion: 1, pricesVersion: 1 }
    this.command = this.make('unlock', body)
  }

  /** Online, with counted lanes. */
  static async start(): Promise<Scene> {
    const cabinetId = newId()
    const broker = new TestBroker(cabinetId)
    await broker.start()
    const boards = await serveBoards({ laneCount: 2, itemsPerLane: 8, unitMg })
    const scene = new Scene(boards, broker, cabinetId)
    broker.send('desired', makeTwin(1, scene.skuIds))
    scene.agent.start()
    await scene.until(() => scene.reported?.desiredVersion === 1, 'the twin')
    const loads = scene.skuIds.map((skuId, index) => ({
      laneId: `L0${index + 1}`,
      lotId: newId(),
      skuId,
      count: 8,
      isReplacement: true,
    }))
    const restock = scene.make('restock-open', { sessionId: newId(), restockerId: newId(), loads })
    broker.send('commands', restock)
    await scene.until(() => boards.cabinet.openDoor(), 'the restock')
    await scene.until(() => broker.types().includes('door.opened'), 'the door')
    boards.cabinet.closeDoor()
    await scene.until(() => broker.types().includes('restock.completed'), 'the count')
    return scene
  }

  get reported(): ReportedTwin | undefined {
    return this.broker.last<ReportedTwin>('reported')
  }

  make(kind: string, body: Record<string, unknown>): Command {
    const issuedAtMs = systemClock.now()
    return this.broker.signed({ commandId: newId(), kind, body, issuedAtMs, expiresAtMs: issuedAtMs + 60_000 })
  }

  async until(isTrue: () => boolean, what: string): Promise<void> {
    const untilMs = systemClock.monotonicMs() + 25_000
    while (!isTrue()) {
      if (systemClock.monotonicMs() > untilMs) throw new Error(`waited for ${what} in vain:\n${this.agent.printed}`)
      await delay(systemClock, 10)
    }
  }

  events(): string[] {
    return this.broker.committed.filter(({ body }) => body['sessionId'] === this.sessionId).map(({ type }) => type)
  }

  reply(): Reply | undefined {
    return this.broker.repliesTo(this.command.commandId)[0]
  }

  async killAndRestart(): Promise<void> {
    await this.agent.kill('SIGKILL')
    this.agent.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent[Symbol.asyncDispose]()
    await this.broker[Symbol.asyncDispose]()
    await this.boards[Symbol.asyncDispose]()
  }
}

/** Where a session may be when the power goes, and what shows that it is there. */
const steps = [
  'command sent',
  'session started',
  'lock opened',
  'door open',
  'piece taken',
  'door closed',
  'settled, not acknowledged',
  'settled',
] as const
type Step = (typeof steps)[number]

/** One purchase of one piece, with the agent killed at one step; the person goes on as if nothing had happened. */
async function buyWithKillAt(scene: Scene, at: Step): Promise<number> {
  const { cabinet } = scene.boards
  const { broker } = scene
  const reach = async (step: Step) => {
    if (step === at) await scene.killAndRestart()
  }
  broker.send('commands', scene.command)
  await reach('command sent')
  if (at === 'session started') await scene.until(() => scene.events().includes('session.started'), 'the start')
  await reach('session started')
  await scene.until(() => !cabinet.isLocked || scene.events().some(isFinalEvent), 'the lock')
  if (cabinet.isLocked) return 0
  if (at === 'lock opened') await scene.until(() => scene.reply() !== undefined, 'the reply')
  await reach('lock opened')
  cabinet.openDoor()
  if (at === 'door open') await scene.until(() => scene.events().includes('door.opened'), 'the door')
  await reach('door open')
  await delay(systemClock, 1_200)
  cabinet.take('L01')
  await delay(systemClock, at === 'piece taken' ? 100 : 1_500)
  await reach('piece taken')
  await delay(systemClock, 1_500)
  if (at === 'settled, not acknowledged') broker.isAcking = false
  cabinet.closeDoor()
  if (at === 'door closed') await scene.until(() => scene.events().includes('door.closed'), 'the closed door')
  await reach('door closed')
  if (at === 'settled, not acknowledged') {
    await scene.until(() => broker.received.some(({ type }) => type === 'session.settled'), 'the bill')
    broker.isAcking = true
  }
  await reach('settled, not acknowledged')
  return 1
}

describe('an agent killed with SIGKILL', () => {
  it.concurrent.each(steps)(
    'loses no session, bills none twice and fires no lock again: %s',
    { timeout: 90_000 },
    async (at) => {
      await using scene = await Scene.start()
      const before = scene.boards.cabinet.unlockPulses

      const taken = await buyWithKillAt(scene, at)
      await scene.until(() => scene.events().some(isFinalEvent), 'the end')
      if (at === 'settled') await scene.killAndRestart()
      const firstReply = scene.reply()
      const replies = scene.broker.repliesTo(scene.command.commandId).length
      scene.broker.send('commands', scene.command)
      await scene.until(
        () => scene.broker.repliesTo(scene.command.commandId).length > replies,
        'the answer to a late copy',
      )
      await delay(systemClock, 300)

      const finals = scene.broker.committed.filter(
        ({ type, body }) => isFinalEvent(type) && body['sessionId'] === scene.sessionId,
      )
      expect(finals).toHaveLength(1)
      const billed = (finals[0]?.body['lines'] ?? []) as Array<{ count: number }>
      expect(billed.reduce((sum, line) => sum + line.count, 0)).toBe(finals[0]?.type === 'session.settled' ? taken : 0)
      expect(taken === 0 || finals[0]?.type === 'session.settled' || finals[0]?.type === 'session.review').toBe(true)
      expect(scene.boards.cabinet.unlockPulses - before).toBeLessThanOrEqual(1)
      for (const reply of scene.broker.repliesTo(scene.command.commandId)) expect(reply).toEqual(firstReply)
      const seqs = scene.broker.committed.map(({ seq }) => seq)
      expect(seqs).toEqual(seqs.map((_, index) => index + 1))
    },
  )

  it('ends cleanly on SIGTERM, and goes on with its session after', async () => {
    await using scene = await Scene.start()
    scene.broker.send('commands', scene.command)
    await scene.until(() => scene.boards.cabinet.openDoor(), 'the lock')
    await scene.until(() => scene.events().includes('door.opened'), 'the door')

    const exitCode = await scene.agent.kill('SIGTERM')
    scene.boards.cabinet.closeDoor()
    scene.agent.start()
    await scene.until(() => scene.events().some(isFinalEvent), 'the end')

    expect(exitCode).toBe(0)
    expect(scene.events().filter(isFinalEvent)).toEqual(['session.settled'])
  })
})
