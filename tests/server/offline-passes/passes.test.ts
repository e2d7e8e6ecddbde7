import { describe, expect, it } from 'vitest'
import { checkAttribution } from '#server/attribution/check-attribution.ts'
import { one, rows } from '#server/db/unit.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { closePasses } from '#server/offline-passes/close-passes.ts'
import { revokePass } from '#server/offline-passes/revoke-pass.ts'
import { defaultPassSettings } from '#server/offline-passes/settings.ts'
import { listArrears, payArrears } from '#server/payments/arrears.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { walletOf } from '#server/payments/wallets.ts'
import { recallLot } from '#server/recalls/recall-lot.ts'
import { refundLine } from '#server/sessions/refund-line.ts'
import { findSaleLines, findSession } from '#server/sessions/store.ts'
import { unitsInLane } from '#server/stock/lane-stock.ts'
import { openPassMarket, type PassCabinet, type PassMarket } from '#tests/support/pass-market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const { graceMs, validMs } = defaultPassSettings
const wallet = ({ database, buyerId }: PassMarket) => database.read((ctx) => walletOf(ctx, buyerId))
const risk = ({ database }: PassMarket) => database.read((ctx) => balanceOf(ctx, 'writeoff:offline-risk'))
const sound = ({ database }: PassMarket) =>
  database.read(function* (ctx) {
    return [...(yield* checkLedger(ctx)).problems, ...(yield* checkAttribution(ctx))]
  })
const findings = ({ database }: PassMarket) =>
  database.read((ctx) =>
    rows(ctx.db.select({ finding: ctx.tables.sessionFindings.finding }).from(ctx.tables.sessionFindings)),
  )
const close = ({ database }: PassMarket) => database.run((ctx) => closePasses(ctx, walletPayments, graceMs))

function sold(cabinet: PassCabinet | undefined, code: string, count: number): string {
  const result = cabinet?.sell(code, count)
  if (result === undefined || 'refused' in result) throw new Error(`not sold: ${JSON.stringify(result)}`)
  return result.sessionId
}

/** Gives so much back of the session's only line. */
async function refund({ database }: PassMarket, sessionId: string, amountFen: number): Promise<void> {
  await database.run(function* (ctx) {
    const [line] = yield* findSaleLines(ctx, sessionId)
    const { saleLineId = '' } = line ?? {}
    const key = `${saleLineId}-${amountFen}`
    const given = { sessionId, saleLineId, amountFen, reason: 'bruised', idempotencyKey: key, byAccountId: 'finance' }
    yield* refundLine(ctx, walletPayments, given)
  })
}

describe.each(dialects)('offline passes on %s', (dialect) => {
  it('are issued against money that is held, once per intent and one at a time', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)

    const pass = await market.issue(market.buyerId, 5_000, 'intent-1')
    const again = await market.issue(market.buyerId, 5_000, 'intent-1')

    expect(again.code).toBe(pass.code)
    expect(await wallet(market)).toEqual({ balanceFen: 45_000, heldFen: 5_000 })
    await expect(market.issue(market.buyerId, 5_000, 'intent-2')).rejects.toMatchObject({ code: 'pass.one_at_a_time' })
    await expect(market.issue(market.buyerId, 50_000, 'intent-3')).rejects.toMatchObject({
      code: 'pass.cap_out_of_range',
    })
  })

  it('are not issued without the money', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const poor = await market.addBuyer('poor', 4_000)

    await expect(market.issue(poor, 5_000, 'intent-1')).rejects.toMatchObject({ code: 'ledger.balance_insufficient' })
  })

  it('pay what was taken from the hold when the journal comes, and the rest after the grace', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const { code } = await market.issue(market.buyerId, 5_000, 'intent-1')
    const [cabinet] = market.cabinets
    const sessionId = sold(cabinet, code, 2)

    clock.advance(3_600_000)
    await cabinet?.meetServer()

    expect(await database.read(() => findSession(sessionId))).toMatchObject({ state: 'settled', totalFen: 2_560 })
    expect(await wallet(market)).toEqual({ balanceFen: 45_000, heldFen: 2_440 })
    clock.advance(validMs + graceMs - 3_600_000)
    expect(await close(market)).toBe(0)
    clock.advance(1)
    expect(await close(market)).toBe(1)
    expect(await wallet(market)).toEqual({ balanceFen: 47_440, heldFen: 0 })
    expect(await sound(market)).toEqual([])
    expect(await findings(market)).toEqual([])
  })

  it('go back whole when they were never used', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    await market.issue(market.buyerId, 5_000, 'intent-1')

    clock.advance(validMs + graceMs + 1)
    await close(market)

    expect(await wallet(market)).toEqual({ balanceFen: 50_000, heldFen: 0 })
  })

  it('shown at two cabinets pay as far as the hold reaches; the platform bears the rest and the buyer owes it', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const { code } = await market.issue(market.buyerId, 5_000, 'intent-1')
    const [first, second] = market.cabinets
    sold(first, code, 3)
    const repeated = sold(second, code, 3)

    await first?.meetServer()
    await second?.meetServer()

    expect(await wallet(market)).toEqual({ balanceFen: 45_000, heldFen: 0 })
    expect(await risk(market)).toBe(-(2 * 3_840 - 5_000))
    expect(await database.read(() => findSession(repeated))).toMatchObject({
      totalFen: 3_840,
      flags: ['offline_pass', 'pass_repeated'],
    })
    expect(await findings(market)).toEqual([{ finding: 'pass_repeated' }])
    expect(await sound(market)).toEqual([])
    const owed = await database.read((ctx) => listArrears(ctx, market.buyerId))
    expect(owed).toMatchObject([{ intentId: repeated, owedFen: 2_680 }])
    clock.advance(validMs + 1)
    await expect(market.issue(market.buyerId, 5_000, 'intent-2')).rejects.toMatchObject({ code: 'pass.arrears' })
    await database.run((ctx) => payArrears(ctx, { intentId: repeated, payerAccountId: market.buyerId }))
    expect(await risk(market)).toBe(0)
    await market.issue(market.buyerId, 5_000, 'intent-2')
  })

  it('are refused by the other cabinets once a use was reported', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const { code } = await market.issue(market.buyerId, 5_000, 'intent-1')
    const [first, second] = market.cabinets
    sold(first, code, 1)

    await first?.meetServer()
    await second?.meetServer()

    expect(second?.sell(code, 1)).toEqual({ refused: 'pass_revoked' })
    expect(first?.sell(code, 1)).toEqual({ refused: 'pass_used' })
  })

  it('used after the buyer revoked them leave the buyer with the hold’s loss only', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const { code, passId } = await market.issue(market.buyerId, 2_000, 'intent-1')
    clock.advance(60_000)
    const revocation = { passId, byAccountId: market.buyerId, byName: 'buyer', isStaff: false }
    const { effects } = await database.run((ctx) => revokePass(ctx, market.signer, revocation))
    expect(effects).toHaveLength(2)
    clock.advance(60_000)
    const [first, second] = market.cabinets
    sold(first, code, 1)
    const repeated = sold(second, code, 1)

    await first?.meetServer()
    await second?.meetServer()

    expect(await risk(market)).toBe(-560)
    expect(await database.read((ctx) => listArrears(ctx, market.buyerId))).toEqual([])
    await refund(market, repeated, 1_000)
    expect(await wallet(market)).toEqual({ balanceFen: 48_720, heldFen: 0 })
    await refund(market, repeated, 280)
    expect(await risk(market)).toBe(0)
  })

  it('reported after their money went back are owed in full', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const { code } = await market.issue(market.buyerId, 5_000, 'intent-1')
    const [cabinet] = market.cabinets
    sold(cabinet, code, 1)
    clock.advance(validMs + graceMs + 1)
    await close(market)

    await cabinet?.meetServer()

    expect(await risk(market)).toBe(-1_280)
    expect(await database.read((ctx) => listArrears(ctx))).toMatchObject([{ owedFen: 1_280 }])
    expect(await sound(market)).toEqual([])
  })

  it('refunded pay off what is owed of the bill first, then the buyer, and to the fen what came in', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const { code } = await market.issue(market.buyerId, 5_000, 'intent-1')
    const [first, second] = market.cabinets
    const whole = sold(first, code, 3)
    const short = sold(second, code, 3)
    await first?.meetServer()
    await second?.meetServer()

    await refund(market, short, 2_000)
    expect(await database.read((ctx) => listArrears(ctx))).toMatchObject([{ intentId: short, owedFen: 680 }])
    expect(await wallet(market)).toEqual({ balanceFen: 45_000, heldFen: 0 })
    await refund(market, short, 1_840)
    expect(await database.read((ctx) => listArrears(ctx))).toEqual([])
    await refund(market, whole, 3_840)

    expect(await wallet(market)).toEqual({ balanceFen: 50_000, heldFen: 0 })
    expect(await risk(market)).toBe(0)
    expect(await sound(market)).toEqual([])
    await expect(
      database.run((ctx) =>
        walletPayments.refund(ctx, { intentId: short, refundId: 'one fen too many', amountFen: 1 }),
      ),
    ).rejects.toMatchObject({ code: 'payment.refund_exceeds_capture' })
  })

  it('refunded after the debt was paid give its money back to the buyer', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const { code } = await market.issue(market.buyerId, 5_000, 'intent-1')
    const [cabinet] = market.cabinets
    const late = sold(cabinet, code, 1)
    clock.advance(validMs + graceMs + 1)
    await close(market)
    await cabinet?.meetServer()
    await database.run((ctx) => payArrears(ctx, { intentId: late, payerAccountId: market.buyerId }))

    await refund(market, late, 1_280)

    expect(await wallet(market)).toEqual({ balanceFen: 50_000, heldFen: 0 })
    expect(await risk(market)).toBe(0)
    expect(await sound(market)).toEqual([])
  })

  it('used where all goods were recalled meanwhile name their buyer and take the goods off the books, for nothing', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const { code } = await market.issue(market.buyerId, 5_000, 'intent-1')
    clock.advance(60_000)
    const by = { accountId: 'operator', name: 'operator' }
    for (const { lotId } of [market.citrus, market.greens])
      await database.run((ctx) => recallLot(ctx, { lotId, reason: 'residues', by }))
    clock.advance(60_000)
    const [cabinet] = market.cabinets
    const sessionId = sold(cabinet, code, 2)

    await cabinet?.meetServer()

    expect(await database.read(() => findSession(sessionId))).toMatchObject({ state: 'settled', totalFen: 0 })
    const lines = await database.read((ctx) => findSaleLines(ctx, sessionId))
    expect(lines).toMatchObject([{ lotId: market.citrus.lotId, count: 2, listFen: 2_560, amountFen: 0 }])
    expect(await findings(market)).toEqual([{ finding: 'locked_item' }])
    const { cabinetId, citrus } = market
    expect(await database.read((ctx) => unitsInLane(ctx, { cabinetId, laneId: 'L01' }))).toMatchObject([
      { lotId: citrus.lotId, units: 18 },
    ])
  })

  it('that nobody issued open no session on the server, and cost nobody anything', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const sessionId = '01900000-0000-7000-8000-000000000001'

    await market.tell('session.started', {
      sessionId,
      kind: 'sale',
      commandId: sessionId,
      versions: { agent: 'x', decoder: 'x', planogram: 1, prices: 1 },
      opening: [],
      passCode: 'HN1:FORGED',
    })

    expect(await findings(market)).toEqual([{ finding: 'unknown_pass' }])
    expect(await database.read(() => findSession(sessionId))).toBeUndefined()
  })

  it('stay held while a session on them waits for a person', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const { code, passId } = await market.issue(market.buyerId, 5_000, 'intent-1')
    await market.tell('session.started', {
      sessionId: '01900000-0000-7000-8000-000000000002',
      kind: 'sale',
      commandId: passId,
      versions: { agent: 'x', decoder: 'x', planogram: 1, prices: 1 },
      opening: [],
      passCode: code,
    })

    clock.advance(validMs + graceMs + 1)

    expect(await close(market)).toBe(0)
    const intent = await database.read(({ db, tables: { paymentIntents: t } }) => one(db.select().from(t)))
    expect(intent?.state).toBe('held')
  })

  it('that opened nothing, refused or cut short before the lock fired, leave nobody anything to look at', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openPassMarket(database, clock)
    const { passId } = await market.issue(market.buyerId, 5_000, 'intent-1')
    const [first, second] = ['01900000-0000-7000-8000-00000000000a', '01900000-0000-7000-8000-00000000000b']

    await market.tell('session.refused', { sessionId: first, commandId: passId, reason: 'opening_unstable' })
    await market.tell('session.interrupted', { sessionId: second, commandId: passId, stage: 'authorised' })

    expect(await findings(market)).toEqual([])
    await market.tell('session.interrupted', { sessionId: second, stage: 'unlocking' })
    expect(await findings(market)).toEqual([{ finding: 'unknown_session' }])
  })
})
