import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { checkAttribution } from '#server/attribution/check-attribution.ts'
import { exec, rows } from '#server/db/unit.ts'
import type { Unit, UnitContext } from '#server/db/unit.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { walletOf } from '#server/payments/wallets.ts'
import { sessionCommandEnds } from '#server/sessions/events.ts'
import { expireSessions } from '#server/sessions/expire-sessions.ts'
import { openCabinet } from '#server/sessions/open-cabinet.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { runOnce } from '#server/sessions/run-once.ts'
import { findSession } from '#server/sessions/store.ts'
import { openDeps, openMarket, seedBuyer, settled, versions, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const wallet = ({ database, buyerId }: Market) => database.read((ctx) => walletOf(ctx, buyerId))
const stateOf = async ({ database }: Market, sessionId: string) =>
  (await database.read(() => findSession(sessionId)))?.state
const request = (
  market: Market,
  overrides: { accountId?: string; idempotencyKey?: string; cabinetCode?: string } = {},
) => ({
  accountId: market.buyerId,
  accountName: 'buyer',
  cabinetCode: market.cabinetCode,
  idempotencyKey: 'intent-0001',
  ...overrides,
})

const expire = ({ database }: Market) => database.run((ctx) => expireSessions(ctx, walletPayments))
const start = (market: Market, sessionId: string) =>
  market.tell('session.started', {
    sessionId,
    kind: 'sale',
    commandId: '01900000-0000-7000-8000-000000000009',
    versions,
    opening: [],
  })

/** The cabinet's answer to the session's unlock. */
function* answer(
  ctx: UnitContext,
  sessionId: string,
  reply: { outcome: 'refused' | 'failed' | 'expired'; reason?: 'busy' | 'disk_full' | 'interrupted' | 'not_opened' },
  isByServer = false,
): Unit<unknown> {
  const session = yield* findSession(sessionId)
  const commandId = session?.commandId ?? ''
  const command = { commandId, kind: 'unlock', body: { sessionId }, issuedAtMs: 0, expiresAtMs: 0 }
  const handler = sessionCommandEnds(walletPayments).unlock
  const end = { cabinetId: session?.cabinetId ?? '', command, reply: { commandId, atMs: 0, ...reply }, isByServer }
  return handler === undefined ? [] : yield* handler(ctx, end)
}

describe.each(dialects)('opening a cabinet on %s', (dialect) => {
  it('holds money and leaves one signed unlock in the outbox', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)

    const { session, effects } = await database.run((ctx) => openCabinet(ctx, openDeps, request(market)))

    expect(session).toMatchObject({ state: 'authorised', heldFen: 10_000, planogramVersion: 1, pricesVersion: 1 })
    expect(effects.map((effect) => effect.kind)).toEqual(['command', 'live'])
    const commands = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.cabinetCommands)))
    expect(commands).toHaveLength(1)
    expect(commands[0]).toMatchObject({ kind: 'unlock', body: { sessionId: session.sessionId, holdFen: 10_000 } })
  })

  it('adopts the same intent, even when both come at once', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const open = () => runOnce(database, (ctx) => openCabinet(ctx, openDeps, request(market)))

    const [first, second] = await Promise.all([open(), open()])

    expect(second.session.sessionId).toBe(first.session.sessionId)
    expect(await wallet(market)).toEqual({ balanceFen: 40_000, heldFen: 10_000 })
  })

  it('refuses a second session of the buyer and a second buyer at the cabinet', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const otherId = await database.run((ctx) => seedBuyer(ctx, 'other', 10_000))
    await market.open()

    const again = database.run((ctx) => openCabinet(ctx, openDeps, request(market, { idempotencyKey: 'intent-0002' })))
    await expect(again).rejects.toMatchObject({ code: 'session.buyer_busy' })
    const other = database.run((ctx) => openCabinet(ctx, openDeps, request(market, { accountId: otherId })))
    await expect(other).rejects.toMatchObject({ code: 'session.cabinet_busy' })
  })

  it.each([
    ['cabinet.offline', { isOnline: false }],
    ['cabinet.out_of_service', { isInService: false }],
  ])('refuses with %s and changes nothing', async (code, status) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await database.run((ctx) =>
      exec(
        ctx.db
          .update(ctx.tables.cabinetStatuses)
          .set(status)
          .where(eq(ctx.tables.cabinetStatuses.cabinetId, market.cabinetId)),
      ),
    )

    await expect(market.open()).rejects.toMatchObject({ code })
    expect(await wallet(market)).toEqual({ balanceFen: 50_000, heldFen: 0 })
  })

  it('refuses a wallet that holds too little, and an unknown cabinet with its field', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock, { walletFen: 1_999 })

    await expect(market.open()).rejects.toMatchObject({ code: 'session.wallet_too_low', facts: { balanceFen: 1_999 } })
    const lost = database.run((ctx) => openCabinet(ctx, openDeps, request(market, { cabinetCode: 'YB-9999' })))
    await expect(lost).rejects.toMatchObject({ code: 'cabinet.unknown', field: 'cabinetCode' })
  })

  it('does not open when all that remains is past its date', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    clock.advance(20 * 86_400_000)

    await expect(market.open()).rejects.toMatchObject({ code: 'session.nothing_on_sale' })
  })
})

describe.each(dialects)('a session without a sale on %s', (dialect) => {
  it.each([
    ['session.refused', { commandId: '01900000-0000-7000-8000-000000000009', reason: 'scale_fault' }, 'refused'],
    ['session.not_opened', { outcome: 'NO_OPEN_TIMEOUT', detail: '' }, 'not_opened'],
    ['session.interrupted', { stage: 'authorised' }, 'interrupted'],
  ] as const)('gives the hold back on %s', async (type, body, state) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()

    await market.tell(type, { ...body, sessionId } as never)

    expect(await stateOf(market, sessionId)).toBe(state)
    expect(await wallet(market)).toEqual({ balanceFen: 50_000, heldFen: 0 })
  })

  it('ends when the cabinet refuses the unlock, not when it restarted on the way', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()

    await database.run((ctx) => answer(ctx, sessionId, { outcome: 'failed', reason: 'interrupted' }))
    await database.run((ctx) => answer(ctx, sessionId, { outcome: 'expired' }, true))
    expect(await stateOf(market, sessionId)).toBe('authorised')
    await database.run((ctx) => answer(ctx, sessionId, { outcome: 'refused', reason: 'busy' }))

    expect(await stateOf(market, sessionId)).toBe('refused')
    expect(await wallet(market)).toEqual({ balanceFen: 50_000, heldFen: 0 })
  })

  it('leaves nothing to look at when answer and journal both tell of the refusal, in either order', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const refuse = (sessionId: string) => database.run((ctx) => answer(ctx, sessionId, { outcome: 'refused' }))
    const tell = (sessionId: string) =>
      market.tell('session.refused', {
        sessionId,
        commandId: '01900000-0000-7000-8000-000000000009',
        reason: 'scale_fault',
      })
    const first = await market.open('intent-first')

    await refuse(first)
    await tell(first)
    const other = await market.open('intent-other')
    await tell(other)
    await refuse(other)

    expect(await stateOf(market, first)).toBe('refused')
    expect(await stateOf(market, other)).toBe('refused')
    expect(await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.sessionFindings)))).toEqual([])
  })

  it('is billed what a cabinet sold after it had forgotten its refusal, having no room to write it down', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()
    await database.run((ctx) => answer(ctx, sessionId, { outcome: 'refused', reason: 'disk_full' }))
    const before = { state: await stateOf(market, sessionId), wallet: await wallet(market) }

    await start(market, sessionId)
    await market.tell('session.settled', settled(market, sessionId, { count: 1 }))

    expect(before).toEqual({ state: 'cancelled', wallet: { balanceFen: 50_000, heldFen: 0 } })
    expect(await stateOf(market, sessionId)).toBe('settled')
    expect(await wallet(market)).toEqual({ balanceFen: 50_000 - 1_280, heldFen: 0 })
  })

  it('is refused for good once the cabinet’s journal says so too', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()
    await database.run((ctx) => answer(ctx, sessionId, { outcome: 'refused', reason: 'disk_full' }))

    const commandId = '01900000-0000-7000-8000-000000000009'
    await market.tell('session.refused', { sessionId, commandId, reason: 'disk_full' })

    expect(await stateOf(market, sessionId)).toBe('refused')
    expect(await wallet(market)).toEqual({ balanceFen: 50_000, heldFen: 0 })
  })

  it('is billed what was taken through a door that the lock had not seen open', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()
    await start(market, sessionId)

    await database.run((ctx) => answer(ctx, sessionId, { outcome: 'failed', reason: 'not_opened' }))
    expect(await wallet(market)).toEqual({ balanceFen: 40_000, heldFen: 10_000 })
    await market.tell('session.settled', settled(market, sessionId, { count: 1 }))

    expect(await stateOf(market, sessionId)).toBe('settled')
    expect(await wallet(market)).toEqual({ balanceFen: 50_000 - 1_280, heldFen: 0 })
  })

  it('keeps the hold of a silent cabinet until it reports, and frees the buyer for another', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()
    await start(market, sessionId)
    clock.advance(10 * 60_000)
    await expire(market)
    expect(await stateOf(market, sessionId)).toBe('authorised')

    clock.advance(6 * 60_000)
    await expire(market)

    expect(await stateOf(market, sessionId)).toBe('silent')
    expect(await wallet(market)).toEqual({ balanceFen: 40_000, heldFen: 10_000 })
    await market.open('intent-after')
    await market.tell('session.settled', settled(market, sessionId, { count: 1 }))
    expect(await stateOf(market, sessionId)).toBe('settled')
    expect(await wallet(market)).toEqual({ balanceFen: 50_000 - 1_280 - 10_000, heldFen: 10_000 })
  })

  it('lets a silent session that comes back wait for its end while its buyer shops in another', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    const sessionId = await market.open()
    await start(market, sessionId)
    clock.advance(16 * 60_000)
    await expire(market)
    const after = await market.open('intent-after')

    const opened = await market.tell('door.opened', { sessionId })
    const closed = await market.tell('door.closed', { sessionId })

    expect([...opened.flags, ...closed.flags]).toEqual([])
    expect(await stateOf(market, sessionId)).toBe('silent')
    expect(await stateOf(market, after)).toBe('authorised')
    await market.tell('session.settled', settled(market, sessionId, { count: 1 }))
    expect(await stateOf(market, sessionId)).toBe('settled')
  })
})

describe.each(dialects)('an unlock that is never answered on %s', (dialect) => {
  async function openUnanswered(walletFen = 50_000) {
    const clock = new TestClock()
    const database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock, { walletFen })
    const sessionId = await market.open()
    clock.advance(61_000)
    return { market, sessionId, database, [Symbol.asyncDispose]: () => database.close() }
  }

  it('ends a minute later: the money goes back and the buyer is told', async () => {
    await using open = await openUnanswered()
    const { market, sessionId } = open

    const effects = await expire(market)

    expect(await wallet(market)).toEqual({ balanceFen: 50_000, heldFen: 0 })
    const session = { sessionId, state: 'cancelled', reason: 'unlock_unanswered' }
    expect(effects).toMatchObject([{ kind: 'live', accountId: market.buyerId, update: { session } }])
    expect(await expire(market)).toEqual([])
  })

  it('is charged from the wallet when the cabinet had opened all the same and says so later', async () => {
    await using open = await openUnanswered()
    const { market, sessionId } = open
    await expire(market)

    await start(market, sessionId)
    await market.tell('door.opened', { sessionId })
    const { flags } = await market.tell('session.settled', settled(market, sessionId, { count: 1 }))

    expect(flags).toEqual([])
    expect(await stateOf(market, sessionId)).toBe('settled')
    expect(await wallet(market)).toEqual({ balanceFen: 50_000 - 1_280, heldFen: 0 })
  })

  it('leaves a debt for what the wallet has no more, and those who earned it are paid whole', async () => {
    await using open = await openUnanswered(10_000)
    const { market, sessionId, database } = open
    await expire(market)
    await market.open('intent-after')
    await market.tell('session.settled', settled(market, sessionId, { count: 2 }))

    const { owed, problems } = await database.read(function* (ctx) {
      const { paymentArrears: a } = ctx.tables
      const owed = yield* rows(ctx.db.select({ intentId: a.intentId, owedFen: a.owedFen }).from(a))
      return { owed, problems: [...(yield* checkLedger(ctx)).problems, ...(yield* checkAttribution(ctx))] }
    })
    expect(owed).toEqual([{ intentId: sessionId, owedFen: 2_560 }])
    expect(problems).toEqual([])
    expect(await wallet(market)).toEqual({ balanceFen: 0, heldFen: 10_000 })
  })

  it('may still be found not to have opened', async () => {
    await using open = await openUnanswered()
    const { market, sessionId, database } = open
    await expire(market)

    await database.run((ctx) => answer(ctx, sessionId, { outcome: 'expired' }))

    expect(await stateOf(market, sessionId)).toBe('refused')
    expect(await wallet(market)).toEqual({ balanceFen: 50_000, heldFen: 0 })
  })
})
