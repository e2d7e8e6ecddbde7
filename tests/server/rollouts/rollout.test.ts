import { describe, expect, it } from 'vitest'
import { StatusBook } from '#server/cabinets/status-book.ts'
import { sweepRollouts } from '#server/rollouts/sweep-rollouts.ts'
import { CabinetConfig, type DesiredTwin, type ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { newId, registerCabinet, startCabinet, type TestCabinet } from '#tests/support/test-cabinet.ts'
import { type Person, startServer, type TestServer } from '#tests/support/start-server.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects } from '#tests/support/test-database.ts'

const { signal } = new AbortController()

/** The report of a cabinet that has taken the twin over. */
const takenOver = (twin: DesiredTwin): ReportedTwin => ({
  desiredVersion: twin.version,
  planogramVersion: twin.planogram.version,
  pricesVersion: twin.prices.version,
  config: twin.config,
  isInService: true,
  doorState: 'closed',
  sessionState: 'idle',
  lanes: [],
  alarms: [],
  agent: { version: twin.agent?.version ?? '0.1.0', isInstalled: twin.agent === null },
  atMs: 1,
})

/** Answers each desired twin as the test says; by default the cabinet takes it over. */
function follow(cabinet: TestCabinet, answer: (twin: DesiredTwin) => Partial<ReportedTwin> = () => ({})): void {
  const go = async () => {
    for (;;) {
      const twin = (await cabinet.desired.next()) as DesiredTwin
      await cabinet.publish('reported', { ...takenOver(twin), ...answer(twin) })
    }
  }
  void go().catch(() => {})
}

async function comeOnline(cabinet: TestCabinet, operator: Person): Promise<void> {
  await cabinet.publish('presence', { isOnline: true, bootId: cabinet.bootId, atMs: 1 })
  await expect
    .poll(async () => (await operator.send('GET', `/api/cabinets/${cabinet.cabinetId}`)).body['cabinet'])
    .toMatchObject({ isOnline: true })
}

interface Started {
  readonly rolloutId: string
  show(): Promise<Readonly<Record<string, unknown>>>
  cabinets(): Promise<Array<Readonly<Record<string, unknown>>>>
  move(move: string): ReturnType<Person['send']>
  /** Sweeps until the roll-out is in this state. */
  until(state: string): Promise<void>
}

async function roll(server: TestServer, operator: Person, body: object): Promise<Started> {
  const made = await operator.send('POST', '/api/rollouts', { title: 'test', waveTimeoutMs: 60_000, ...body })
  expect(made.status).toBe(201)
  const rolloutId = made.body['rolloutId'] as string
  const path = `/api/rollouts/${rolloutId}`
  const show = async () => (await operator.send('GET', path)).body
  return {
    rolloutId,
    show,
    cabinets: async () =>
      (await operator.send('GET', `${path}/cabinets`)).body['rows'] as Array<Record<string, unknown>>,
    move: (move) => operator.send('POST', `${path}/moves`, { move, reason: 'test' }),
    until: async (state) => {
      const sweep = async () => {
        await sweepRollouts(server.app.ctx, signal)
        return (await show())['state']
      }
      await expect.poll(sweep, { timeout: 15_000 }).toBe(state)
    },
  }
}

const settings = (config: object) => ({ change: { kind: 'config', config }, waveSizes: [1] })

describe.each(dialects)('a staged roll-out on %s', (dialect) => {
  it('goes wave by wave and ends with every twin equal', async () => {
    await using server = await startServer({ dialect })
    const operator = await server.signIn('operator')
    await using first = await startCabinet(server, 'YB-0001')
    await using second = await startCabinet(server, 'YB-0002')
    for (const cabinet of [first, second]) await comeOnline(cabinet, operator)
    const rollout = await roll(server, operator, settings({ settleTimeoutMs: 6_000 }))

    await sweepRollouts(server.app.ctx, signal)
    const early = await rollout.cabinets()
    for (const cabinet of [first, second]) follow(cabinet)
    await rollout.until('done')

    expect(early).toMatchObject([
      { code: 'YB-0001', wave: 0, state: 'sent' },
      { code: 'YB-0002', wave: 1, state: 'waiting' },
    ])
    expect(await rollout.show()).toMatchObject({ waveSizes: [1, 1], counts: { equal: 2, listed: 0, waiting: 0 } })
  })

  it('stops when a cabinet refuses, goes on when a person resumes, and lists the reason', async () => {
    await using server = await startServer({ dialect })
    const operator = await server.signIn('operator')
    await using first = await startCabinet(server, 'YB-0001')
    await using second = await startCabinet(server, 'YB-0002')
    for (const cabinet of [first, second]) await comeOnline(cabinet, operator)
    const old = CabinetConfig.parse({})
    follow(first, ({ version }) => ({
      config: old,
      rejected: { desiredVersion: version, code: 'config_impossible', reason: 'no' },
    }))
    follow(second)
    const rollout = await roll(server, operator, settings({ settleTimeoutMs: 6_000 }))

    await rollout.until('stopped')
    const stopped = await rollout.show()
    const untouched = (await rollout.cabinets())[1]
    expect(await rollout.move('pause')).toMatchObject({ status: 409, body: { code: 'rollout.move_invalid' } })
    expect((await rollout.move('resume')).status).toBe(200)
    await rollout.until('done')

    expect(stopped).toMatchObject({ stopReason: '1 of 1 failed, allowed are 5 %' })
    expect(untouched).toMatchObject({ state: 'waiting' })
    expect(await rollout.cabinets()).toMatchObject([
      { state: 'listed', reason: 'config_impossible: no' },
      { state: 'equal' },
    ])
  })

  it('lists who is offline when its time is over, and takes it back as equal when it comes', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    const operator = await server.signIn('operator')
    await using cabinet = await startCabinet(server, 'YB-0001')
    await using other = await startCabinet(server, 'YB-0002')
    const rollout = await roll(server, operator, settings({ settleTimeoutMs: 6_000 }))
    await sweepRollouts(server.app.ctx, signal)
    clock.advance(60_000)

    await sweepRollouts(server.app.ctx, signal)
    const listed = await rollout.cabinets()
    clock.advance(1_000)
    follow(cabinet)
    await expect
      .poll(async () => {
        clock.advance(100)
        await sweepRollouts(server.app.ctx, signal)
        return (await rollout.cabinets())[0]?.['state']
      })
      .toBe('equal')

    expect(listed).toMatchObject([
      { code: cabinet.code, state: 'listed', reason: 'offline' },
      { code: other.code, state: 'sent' },
    ])
  })

  it('judges a word that came before a judgement and was written after it', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    const operator = await server.signIn('operator')
    await using cabinet = await startCabinet(server, 'YB-0001')
    const { cabinetId, bootId } = cabinet
    const { database, logger, metrics } = server.app.ctx
    const makeBook = () => new StatusBook({ database, clock, logger, metrics, onArrival: () => {} })
    const rollout = await roll(server, operator, settings({ settleTimeoutMs: 6_000 }))
    await sweepRollouts(server.app.ctx, signal)
    const sent = (await cabinet.desired.find(
      (twin) => (twin as DesiredTwin).config.settleTimeoutMs === 6_000,
    )) as DesiredTwin
    clock.advance(1_000)
    const early = makeBook()
    early.notePresence(cabinetId, { isOnline: true, bootId, atMs: 1 })
    await early[Symbol.asyncDispose]()
    const late = makeBook()
    late.noteReported(cabinetId, takenOver(sent))
    clock.advance(10)
    await sweepRollouts(server.app.ctx, signal)
    const waiting = await rollout.cabinets()

    await late[Symbol.asyncDispose]()
    await sweepRollouts(server.app.ctx, signal)

    expect(waiting).toMatchObject([{ state: 'sent' }])
    expect(await rollout.show()).toMatchObject({ state: 'done', counts: { equal: 1 } })
  })

  it('puts back what each cabinet had, and leaves alone what somebody changed since', async () => {
    await using server = await startServer({ dialect })
    const operator = await server.signIn('operator')
    await using first = await startCabinet(server, 'YB-0001')
    await using second = await startCabinet(server, 'YB-0002')
    for (const cabinet of [first, second]) {
      await comeOnline(cabinet, operator)
      follow(cabinet)
    }
    const before = await roll(server, operator, {
      ...settings({ settleTimeoutMs: 5_000 }),
      cabinetIds: [first.cabinetId],
    })
    await before.until('done')
    const rollout = await roll(server, operator, settings({ settleTimeoutMs: 6_000 }))
    await rollout.until('done')
    const meanwhile = await roll(server, operator, {
      ...settings({ settleTimeoutMs: 7_000 }),
      cabinetIds: [second.cabinetId],
    })
    await meanwhile.until('done')

    expect((await rollout.move('revert')).status).toBe(200)
    await rollout.until('reverted')

    const settleOf = async (cabinet: TestCabinet) =>
      (await operator.send('GET', `/api/cabinets/${cabinet.cabinetId}/twin`)).body
    expect(await settleOf(first)).toMatchObject({ desired: { config: { settleTimeoutMs: 5_000 } } })
    expect(await settleOf(second)).toMatchObject({ desired: { config: { settleTimeoutMs: 7_000 } } })
    expect(await rollout.cabinets()).toMatchObject([
      { state: 'equal', isGoingBack: true },
      { state: 'listed', reason: 'rollout.changed_since' },
    ])
  })

  it('stands still while it is paused', async () => {
    await using server = await startServer({ dialect })
    const operator = await server.signIn('operator')
    await using cabinet = await startCabinet(server, 'YB-0001')
    await comeOnline(cabinet, operator)
    const rollout = await roll(server, operator, settings({ settleTimeoutMs: 6_000 }))
    await rollout.move('pause')

    await sweepRollouts(server.app.ctx, signal)

    expect(await rollout.show()).toMatchObject({ state: 'paused', counts: { equal: 0, listed: 0 } })
  })

  it('refuses cabinets nobody knows or enrolled, a second one of its kind, and unknown releases and SKUs', async () => {
    await using server = await startServer({ dialect })
    const operator = await server.signIn('operator')
    const bare = await registerCabinet(server, 'YB-0009')
    const start = (body: object) => operator.send('POST', '/api/rollouts', { title: 'test', ...body })
    const config = settings({ settleTimeoutMs: 6_000 })

    expect(await start(config)).toMatchObject({ status: 422, body: { code: 'rollout.no_cabinets' } })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const { cabinetId } = cabinet
    expect(await start({ ...config, cabinetIds: [cabinetId, newId()] })).toMatchObject({
      status: 404,
      body: { code: 'cabinet.unknown', field: 'cabinetIds.1' },
    })
    expect(await start({ ...config, cabinetIds: [bare] })).toMatchObject({ body: { code: 'cabinet.not_enrolled' } })
    expect(await start({ ...config, cabinetIds: [cabinetId, cabinetId] })).toMatchObject({
      body: { code: 'rollout.cabinet_repeated', field: 'cabinetIds.1' },
    })
    expect(await start({ change: { kind: 'agent', version: '9.9.9' } })).toMatchObject({
      status: 404,
      body: { code: 'release.unknown' },
    })
    expect(await start({ change: { kind: 'prices', prices: { [newId()]: 1 } } })).toMatchObject({
      status: 422,
      body: { code: 'cabinet.sku_unknown' },
    })
    expect((await operator.send('GET', '/api/rollouts')).body).toEqual({ rows: [] })
    expect((await start(config)).status).toBe(201)
    expect(await start(config)).toMatchObject({ status: 409, body: { code: 'rollout.kind_busy' } })
  })
})
