// A co-op distributes by what its members traded: delivered, or sold and kept; each lot is the evidence.
import { describe, expect, it } from 'vitest'
import { attributeSaleLines } from '#server/attribution/attribute-sale-lines.ts'
import { refundSaleLine } from '#server/attribution/refund-sale-line.ts'
import { ensureDefaultPlan } from '#server/attribution/revenue-plans.ts'
import type { Database } from '#server/db/database.ts'
import { insertRows } from '#server/db/unit.ts'
import { listNotices } from '#server/disclosure/show-notices.ts'
import { publishDistribution } from '#server/distributions/decide-distribution.ts'
import { draftDistribution, workOutDistribution } from '#server/distributions/draft-distribution.ts'
import type { DistributionRequest } from '#server/distributions/draft-distribution.ts'
import { listTradedLots } from '#server/distributions/show-distribution.ts'
import type { NewHolding } from '#server/organisations/enter-holdings.ts'
import { allNoticeLines } from '#tests/support/notice-lines.ts'
import { noDeductions } from '#tests/support/distribution-terms.ts'
import { dayMs, memberCode, openUnion } from '#tests/support/share-union.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const outsider = '5001129999990001'
const paid = (serial: number, yuan: number): NewHolding => ({
  householdCode: memberCode(serial),
  kind: 'CAPITAL',
  unit: 'yuan',
  quantityMilli: yuan * 1_000,
  sharesMilli: yuan * 1_000,
})

/** A co-op of two members with one lot: 3 kg and 1 kg of the members, 4 kg of an outsider. */
async function openCoop(database: Database, clock: TestClock) {
  const organisationId = await openUnion(database, clock.now(), {
    legalType: 'cooperative',
    terms: { ...noDeductions, reserveBp: 1_000, patronageBp: 7_000 },
    landMilli: [1, 1],
    more: [paid(1, 300), paid(2, 100)],
    balanceFen: 40_000_000,
  })
  const lotId = await database.run(function* (ctx) {
    yield* ensureDefaultPlan(ctx)
    const t = ctx.tables
    const [supplierId, skuId, lot] = [ctx.newId(), ctx.newId(), ctx.newId()]
    const atMs = ctx.now() - 2 * dayMs
    const place = { townCode: '500112143', address: '大盛镇', contact: '社', createdAtMs: atMs }
    yield* insertRows(t.suppliers, [
      { supplierId, organisationId, name: '合作社', kind: 'cooperative', isCertified: true, ...place },
    ])
    yield* insertRows(t.skus, [
      {
        skuId,
        name: '沃柑',
        spec: '1 kg',
        origin: '大盛镇',
        category: 'fruit',
        foodClass: 'EDIBLE_AGRI',
        mode: 'piece',
        priceFen: 1280,
        isCertified: true,
        labelUnitMassMg: 1_000_000,
        labelUnitMassSdMg: 20_000,
        shelfLifeDays: 14,
        createdAtMs: atMs,
      },
    ])
    yield* insertRows(t.lots, [
      {
        lotId: lot,
        traceCode: 'T-1',
        skuId,
        supplierId,
        harvestedAtMs: atMs,
        receivedAtMs: atMs,
        expiresAtMs: atMs + 14 * dayMs,
        unitsReceived: 8,
        unitsAtDepot: 8,
        certificateNumber: 'C-1',
        receivedBy: 'depot',
      },
    ])
    yield* insertRows(t.lotSources, [
      { lotId: lot, ordinal: 0, householdCode: memberCode(1), units: 3 },
      { lotId: lot, ordinal: 1, householdCode: memberCode(2), units: 1 },
      { lotId: lot, ordinal: 2, householdCode: outsider, units: 4 },
    ])
    return lot
  })
  const request: DistributionRequest = {
    organisationId,
    template: 'PATRONAGE',
    title: '2025 年度盈余返还',
    periodFromMs: clock.now() - 365 * dayMs,
    periodToMs: clock.now(),
    atMs: clock.now(),
    incomeFen: 40_000_000,
    lossesFen: 0,
    documentNumber: '决算 2025',
  }
  return { lotId, request }
}

/** Sells so many pieces of the lot, and takes back a part of the money. */
async function sell(database: Database, lotId: string, count: number, refundFen: number, soldAtMs: number) {
  await database.run(function* (ctx) {
    const t = ctx.tables
    const [sessionId, saleLineId] = [ctx.newId(), ctx.newId()]
    yield* insertRows(t.shoppingSessions, [
      {
        sessionId,
        kind: 'sale',
        cabinetId: 'c',
        cabinetCode: 'YB-1',
        hostSiteName: '医院',
        accountId: 'buyer',
        accountName: 'buyer',
        idempotencyKey: saleLineId,
        state: 'settled',
        commandId: 'x',
        planogramVersion: 1,
        pricesVersion: 1,
        heldFen: 0,
        authorisedAtMs: soldAtMs,
      },
    ])
    const amountFen = count * 1280
    yield* insertRows(t.saleLines, [
      {
        saleLineId,
        sessionId,
        laneId: 'L01',
        skuId: 'sku',
        lotId,
        mode: 'piece',
        count,
        unitPriceFen: 1280,
        listFen: amountFen,
        amountFen,
        isCertified: true,
        atMs: soldAtMs,
      },
    ])
    const line = { saleLineId, amountFen, isCertified: true, lotId }
    yield* attributeSaleLines(ctx, { lines: [line], channel: 'channel:wallet', soldAtMs })
    if (refundFen > 0)
      yield* refundSaleLine(ctx, { refundId: ctx.newId(), saleLineId, amountFen: refundFen, reason: '坏果' })
  })
}

describe.each(dialects)('distribution by trade volume on %s', (dialect) => {
  it('counts what members delivered, shows the lots, and leaves outsiders out', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { lotId, request } = await openCoop(database, clock)

    const { planId } = await database.run((ctx) => draftDistribution(ctx, request, 'ann'))
    const evidence = await database.read((ctx) => listTradedLots(ctx, planId, { limit: 50 }))
    const worked = await database.read((ctx) => workOutDistribution(ctx, { ...request }))

    expect(evidence.rows).toEqual([
      { lotId, traceCode: 'T-1', skuName: '沃柑', householdCode: memberCode(1), massMg: 3_000_000, isMember: true },
      { lotId, traceCode: 'T-1', skuName: '沃柑', householdCode: memberCode(2), massMg: 1_000_000, isMember: true },
      { lotId, traceCode: 'T-1', skuName: '沃柑', householdCode: outsider, massMg: 4_000_000, isMember: false },
    ])
    // V5: 360,000 to share, 252,000 by volume 3 : 1, 108,000 by contribution 3 : 1.
    expect(worked.lines.map((line) => [line.step, line.amountFen])).toEqual([
      ['reserve', 4_000_000],
      ['VOLUME', 18_900_000],
      ['VOLUME', 6_300_000],
      ['CONTRIBUTION', 8_100_000],
      ['CONTRIBUTION', 2_700_000],
    ])
  })

  it('tells the public what each household delivered beside its sum', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { request } = await openCoop(database, clock)
    const { planId } = await database.run((ctx) => draftDistribution(ctx, request, 'ann'))

    const meetingAtMs = clock.now() + 15 * dayMs
    await database.run((ctx) => publishDistribution(ctx, { planId, meetingAtMs, publishedBy: 'ann' }))

    const [notice] = (await database.read((ctx) => listNotices(ctx, { limit: 1 }))).rows
    const lines = await allNoticeLines(database, notice?.noticeId ?? '')
    expect(lines.map(({ amountFen, massMg }) => [amountFen, massMg])).toEqual([
      [27_000_000, 3_000_000],
      [9_000_000, 1_000_000],
    ])
  })

  it('counts what was sold and not refunded, by the lot’s sources', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { lotId, request } = await openCoop(database, clock)
    await sell(database, lotId, 2, 0, clock.now() - dayMs)
    await sell(database, lotId, 4, 2 * 1280, clock.now() - dayMs)
    await sell(database, lotId, 1, 1280, clock.now() - dayMs)
    await sell(database, lotId, 1, 0, request.periodToMs)

    const { volumes } = await database.read((ctx) => workOutDistribution(ctx, { ...request, volumeBasis: 'sold' }))

    // 2 kg and half of 4 kg were sold and kept in the period: 4 kg over 3 : 1 : 4.
    expect(volumes.map(({ householdCode, massMg }) => [householdCode, massMg])).toEqual([
      [memberCode(1), 1_500_000],
      [memberCode(2), 500_000],
      [outsider, 2_000_000],
    ])
  })

  it('fits a co-op and no other legal type', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const { request } = await openCoop(database, clock)

    const asShare = database.read((ctx) => workOutDistribution(ctx, { ...request, template: 'SHARE' }))

    await expect(asShare).rejects.toMatchObject({ code: 'distribution.template_unfit', field: 'template' })
  })
})
