import { describe, expect, it } from 'vitest'
import type { RestockConflict, RestockStep } from '#shared/contracts/http/restock-tasks.ts'
import type { ShoppingSession } from '#shared/contracts/http/open-cabinet.ts'
import { findLotsById } from '#server/catalog/find-goods.ts'
import { unitsInLane } from '#server/stock/lane-stock.ts'
import type { Database } from '#server/db/database.ts'
import { bookUnweighed } from '#server/restock-tasks/book-unweighed.ts'
import { problem } from '#tests/support/commerce-api.ts'
import { noEvidence, settled, versions } from '#tests/support/market.ts'
import { openRestockWorld, reportLoad, type LaneDone, type RestockWorld } from '#tests/support/restock-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

type Dialect = (typeof dialects)[number]

interface Begun extends AsyncDisposable {
  readonly world: RestockWorld
  readonly clock: TestClock
  readonly database: Database
  readonly taskId: string
  /** Planned into L01. */
  readonly planned: number
  checkIn(): RestockStep
  lane(overrides?: Partial<LaneDone>): LaneDone
  close(): RestockStep
  /** Checks in and opens; returns the session. */
  enter(): Promise<string>
  stock(): Promise<{ lane: number; depot: number | undefined }>
}

async function begin(dialect: Dialect): Promise<Begun> {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const world = await openRestockWorld(database, clock)
  const { market, anna } = world
  await world.plan()
  const [summary] = await world.tasks()
  const taskId = summary?.taskId ?? ''
  const planned = summary?.putInUnits ?? 0
  const step = () => ({ stepId: world.newId(), atMs: clock.now() })
  const checkIn = () => ({ ...step(), kind: 'checked-in', cabinetCode: market.cabinetCode }) as const
  return {
    world,
    clock,
    database,
    taskId,
    planned,
    checkIn,
    close: () => ({ ...step(), kind: 'closed' }),
    lane: (overrides = {}) => ({
      ...step(),
      kind: 'lane-done',
      laneId: 'L01',
      takenOff: [],
      putIn: [{ lotId: market.citrus.lotId, count: planned }],
      countAfter: 2 + planned,
      photoIds: [],
      ...overrides,
    }),
    async enter() {
      await world.send(anna, taskId, [checkIn()])
      const opened = await world.open(anna, taskId)
      expect(opened.status).toBe(201)
      return (opened.body as ShoppingSession).sessionId
    },
    stock: () =>
      database.read(function* (ctx) {
        const lots = yield* unitsInLane(ctx, { cabinetId: market.cabinetId, laneId: 'L01' })
        const depot = (yield* findLotsById(ctx, [market.citrus.lotId])).get(market.citrus.lotId)?.unitsAtDepot
        return { lane: lots.reduce((sum, { units }) => sum + units, 0), depot }
      }),
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

const depotBefore = 580

describe.each(dialects)('a restock task on %s', (dialect) => {
  it('goes from check-in over the door to closed and confirmed, and into the books', async () => {
    await using begun = await begin(dialect)
    const { world, taskId, planned } = begun
    const sessionId = await begun.enter()

    const outcomes = await world.send(world.anna, taskId, [begun.lane()])
    const after = 2 + planned
    await world.market.tell(
      'restock.completed',
      reportLoad(world.market, sessionId, { before: 2, declaredAfter: after, trulyAfter: after }),
    )
    outcomes.push(...(await world.send(world.anna, taskId, [begun.close()])))

    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['applied', 'applied'])
    const task = await world.task(taskId)
    expect(task).toMatchObject({ state: 'closed', isWeighed: true, unexplained: 0, sessionId })
    expect(task.lanes).toMatchObject([{ laneId: 'L01', verdict: 'confirmed' }])
    expect(await begun.stock()).toEqual({ lane: after, depot: depotBefore - planned })
  })

  it('opens only for its restocker, and only after the check-in', async () => {
    await using begun = await begin(dialect)
    const { world, taskId } = begun

    const early = await world.open(world.anna, taskId)
    const stranger = await world.open(world.ben, taskId)

    expect(problem(early)).toEqual({ code: 'restock_task.not_checked_in' })
    expect(problem(stranger)).toEqual({ code: 'restock_task.not_yours' })
    expect(world.api.performed.filter(({ kind }) => kind === 'command')).toEqual([])
  })

  it.each(['told while the door was open', 'told by a phone that had no network, after the scales'])(
    'ends with the same books when a shortfall is %s',
    async (when) => {
      await using begun = await begin(dialect)
      const { world, taskId, planned, clock } = begun
      const sessionId = await begun.enter()
      const putIn = [{ lotId: world.market.citrus.lotId, count: planned - 2 }]
      const short = begun.lane({ putIn, countAfter: planned, difference: { reason: 'short_picked' } })
      const isLate = when.startsWith('told by a phone')

      if (!isLate) await world.send(world.anna, taskId, [short])
      const report = { before: 2, declaredAfter: 2 + planned, trulyAfter: planned }
      await world.market.tell('restock.completed', reportLoad(world.market, sessionId, report))
      clock.advance(3_600_000)
      if (isLate) await world.send(world.anna, taskId, [short])
      await world.send(world.anna, taskId, [begun.close()])

      expect(await begun.stock()).toEqual({ lane: planned, depot: depotBefore - planned + 2 })
      expect((await world.task(taskId)).lanes).toMatchObject([{ verdict: 'explained' }])
    },
  )

  it('lists a lane whose weights contradict the count until a person explains it', async () => {
    await using begun = await begin(dialect)
    const { world, taskId, planned } = begun
    const sessionId = await begun.enter()
    const after = 2 + planned
    await world.send(world.anna, taskId, [begun.lane()])
    const report = { before: 2, declaredAfter: after, trulyAfter: after - 3 }
    await world.market.tell('restock.completed', reportLoad(world.market, sessionId, report))
    await world.send(world.anna, taskId, [begun.close()])
    const before = await world.task(taskId)

    const explanation = { reason: 'missing', note: '三袋在路上压坏了' }
    const url = `/api/restock-tasks/${taskId}/lanes/L01/explanation`
    const explained = await world.api.call('POST', url, world.operator, explanation)
    const again = await world.api.call('POST', url, world.operator, explanation)

    expect(before).toMatchObject({
      unexplained: 1,
      lanes: [{ verdict: 'unexplained', weighed: { milliPiecesOff: expect.any(Number) as number } }],
    })
    expect(explained.body).toMatchObject({ unexplained: 0, lanes: [{ verdict: 'explained', explanation }] })
    expect(problem(again)).toEqual({ code: 'restock_task.nothing_to_explain' })
  })

  it('enters the books by the restocker’s word when no weights can come any more, and not before', async () => {
    await using begun = await begin(dialect)
    const { world, taskId, planned, database } = begun
    const sessionId = await begun.enter()
    await world.send(world.anna, taskId, [begun.lane(), begun.close()])
    await database.run(bookUnweighed)
    const early = await begun.stock()

    await world.market.tell('session.review', {
      sessionId,
      reason: 'lane_fault',
      detail: 'no steady weight from L01',
      lowestLines: [],
      flags: [],
      versions,
      evidence: noEvidence,
    })
    await database.run(bookUnweighed)
    await database.run(bookUnweighed)

    expect(early).toEqual({ lane: 2, depot: depotBefore })
    expect(await begun.stock()).toEqual({ lane: 2 + planned, depot: depotBefore - planned })
  })

  it('enters the books without weights as it was when it was stated, less what was sold before the phone could tell', async () => {
    await using begun = await begin(dialect)
    const { world, taskId, planned, database, clock } = begun
    const { market } = world
    const sessionId = await begun.enter()
    const steps = [begun.lane(), begun.close()]
    clock.advance(60_000)
    await market.tell('session.review', {
      sessionId,
      reason: 'lane_fault',
      detail: 'no steady weight from L01',
      lowestLines: [],
      flags: [],
      versions,
      evidence: noEvidence,
    })
    const sold = await market.open()
    await market.tell('session.settled', settled(market, sold, { count: 1 }))

    await world.send(world.anna, taskId, steps)
    await database.run(bookUnweighed)

    expect(await begun.stock()).toEqual({ lane: 2 + planned - 1, depot: depotBefore - planned })
  })

  it('takes each step once, however often and in whatever order it is sent', async () => {
    await using begun = await begin(dialect)
    const { world, taskId, planned } = begun
    const sessionId = await begun.enter()
    const after = 2 + planned
    await world.market.tell(
      'restock.completed',
      reportLoad(world.market, sessionId, { before: 2, declaredAfter: after, trulyAfter: after }),
    )
    const lane = begun.lane()
    begun.clock.advance(60_000)
    const steps = [begun.close(), lane]

    const first = await world.send(world.anna, taskId, steps)
    const stock = await begun.stock()
    const second = await world.send(world.anna, taskId, steps.toReversed())
    const reused = await world.send(world.anna, taskId, [{ ...lane, countAfter: after + 1 }])

    expect(first.map(({ outcome }) => outcome)).toEqual(['applied', 'applied'])
    expect(second.map(({ outcome }) => outcome)).toEqual(['repeated', 'repeated'])
    expect(reused).toMatchObject([{ outcome: 'kept', conflict: 'step_id_reused' }])
    expect(await begun.stock()).toEqual(stock)
  })

  it.each([
    ['wrong_cabinet', (begun: Begun) => [{ ...begun.checkIn(), cabinetCode: 'YB-0404' } as RestockStep]],
    ['not_checked_in', (begun: Begun) => [begun.lane()]],
    ['not_opened', (begun: Begun) => [begun.checkIn(), begun.lane()]],
  ])('keeps a step that does not fit and lists it: %s', async (conflict, stepsOf) => {
    await using begun = await begin(dialect)
    const { world, taskId } = begun

    const outcomes = await world.send(world.anna, taskId, stepsOf(begun))

    expect(outcomes.at(-1)).toMatchObject({ outcome: 'kept', conflict })
    const listed = await world.api.call('GET', '/api/restock-conflicts', world.operator)
    expect((listed.body as { rows: RestockConflict[] }).rows).toMatchObject([{ taskId, conflict, byName: 'test' }])
  })

  it('wants a reason for what differs, every lane before it closes, and a lot of the lane', async () => {
    await using begun = await begin(dialect)
    const { world, taskId, planned } = begun
    await begun.enter()

    const outcomes = await world.send(world.anna, taskId, [
      begun.lane({ countAfter: planned }),
      begun.lane({ putIn: [{ lotId: world.market.greens.lotId, count: 1 }] }),
      begun.lane({ laneId: 'L09' }),
      begun.close(),
    ])

    expect(outcomes.map(({ conflict }) => conflict)).toEqual([
      'difference_unexplained',
      'lot_unknown',
      'lane_unknown',
      'lanes_missing',
    ])
    expect(await world.task(taskId)).toMatchObject({ state: 'opened', lanes: [{ verdict: 'open' }] })
  })

  it('gives a task to who checks in first, and brings back one that was planned anew meanwhile', async () => {
    await using begun = await begin(dialect)
    const { world, taskId } = begun
    const offline = begun.checkIn()
    await world.plan([world.ben.accountId])
    const [successor] = await world.tasks()

    const late = await world.send(world.anna, taskId, [offline])
    const [live] = await world.tasks()
    const beaten = await world.send(world.ben, successor?.taskId ?? '', [begun.checkIn()])

    expect(late).toMatchObject([{ outcome: 'applied', conflict: 'task_replanned' }])
    expect(live).toMatchObject({ taskId, state: 'checked_in', restockerId: world.anna.accountId })
    expect(beaten).toMatchObject([{ outcome: 'kept', conflict: 'task_replanned' }])
  })

  it.each([
    ['the phone’s clock', 'sentAtMs', { sentAtMs: 7 * 86_400_000 }],
    ['a step years ahead', 'steps.0.atMs', { atMs: 700 * 86_400_000 }],
    ['a step of last year', 'steps.0.atMs', { atMs: -300 * 86_400_000 }],
  ])('refuses times that cannot be and changes nothing: %s', async (_name, field, off) => {
    await using begun = await begin(dialect)
    const { world, taskId, clock } = begun
    const { sentAtMs = 0, atMs = 0 } = off as { sentAtMs?: number; atMs?: number }
    const step = begun.checkIn()

    const body = { sentAtMs: clock.now() + sentAtMs, steps: [{ ...step, atMs: step.atMs + atMs }] }
    const reply = await world.api.call('POST', `/api/restock-tasks/${taskId}/steps`, world.anna, body)

    expect(reply.status).toBe(422)
    expect(problem(reply)).toEqual({ code: 'restock_task.clock_wrong', field })
    expect((await world.task(taskId)).state).toBe('planned')
  })
})
