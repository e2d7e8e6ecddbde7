// The check-weight trail, and what it does to lanes and to selling by weight, on both dialects.
import { like, or } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { findTwin } from '#server/cabinets/change-twin.ts'
import { rows } from '#server/db/unit.ts'
import { releaseByHand } from '#server/lane-locks/lock-by-hand.ts'
import { enterCertificate, revokeCertificate } from '#server/scale-checks/enter-certificate.ts'
import { recordCheck } from '#server/scale-checks/record-check.ts'
import { listCertificates, listChecks } from '#server/scale-checks/store.ts'
import { openMarket, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const dayMs = 86_400_000
const by = { accountId: '01900000-0000-7000-8000-0000000000ab', name: '李师傅' }
const weightSet = 'M1 砝码 17 号'
const good = [0, 1_000_000].map((nominalMg) => ({ nominalMg, shownMg: nominalMg + 1_000 }))
const drifted = [
  { nominalMg: 0, shownMg: 0 },
  { nominalMg: 1_000_000, shownMg: 1_012_000 },
]
const plate = { accuracyClass: 'III', intervalMg: 2_000 } as const

async function openWorkshop(dialect: (typeof dialects)[number]) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const market = await openMarket(database, clock)
  const { cabinetId } = market
  const check = (loads: typeof good, more: object = plate) =>
    database.run((ctx) => recordCheck(ctx, { cabinetId, laneId: 'L01', weightSet, loads, by, ...more }))
  const certify = (certificateNumber: string, days: number, more: object = {}) =>
    database.run((ctx) =>
      enterCertificate(ctx, {
        cabinetId,
        certificateNumber,
        issuedBy: '渝北区计量所',
        ...plate,
        maxMassMg: 6_000_000,
        verifiedAtMs: clock.now() - dayMs,
        expiresAtMs: clock.now() + days * dayMs,
        by,
        ...more,
      }),
    )
  return { clock, database, market, check, certify, [Symbol.asyncDispose]: () => database.close() }
}

const twinOf = ({ database, cabinetId }: Market) => database.read((ctx) => findTwin(ctx, cabinetId))
const auditOf = ({ database }: Market) =>
  database.read(({ db, tables: { auditRows: a } }) =>
    rows(
      db
        .select({ action: a.action, accountId: a.accountId })
        .from(a)
        .where(or(like(a.action, 'scale%'), like(a.action, 'lane%')))
        .orderBy(a.seq),
    ),
  )

describe.each(dialects)('a scale check on %s', (dialect) => {
  it('that a lane fails locks it at once, and only it', async () => {
    await using shop = await openWorkshop(dialect)

    const { isPassed, isLocked, effects } = await shop.check(drifted)

    expect({ isPassed, isLocked }).toEqual({ isPassed: false, isLocked: true })
    expect(effects).toMatchObject([
      { kind: 'desired', twin: { lockedLanes: [{ laneId: 'L01', reason: 'scale_drift' }] } },
    ])
    expect(await auditOf(shop.market)).toEqual([
      { action: 'scale.checked', accountId: by.accountId },
      { action: 'lane.locked', accountId: null },
    ])
    expect((await shop.check(drifted)).effects).toEqual([])
  })

  it('that the lane passes ends that lock by the person who checked, as nothing else does', async () => {
    await using shop = await openWorkshop(dialect)
    await shop.check(drifted)
    const [lock] = await shop.database.read(({ db, tables: { laneLocks: t } }) => rows(db.select().from(t)))
    const byHand = shop.database.run((ctx) =>
      releaseByHand(ctx, { lockId: lock?.lockId ?? '', note: 'it looks fine', by }),
    )
    await expect(byHand).rejects.toMatchObject({ code: 'lane_lock.bound' })

    const passed = await shop.check(good)

    expect(passed).toMatchObject({ isPassed: true, isLocked: false, isReleased: true })
    expect((await twinOf(shop.market)).lockedLanes).toEqual([])
    const [released] = await shop.database.read(({ db, tables: { laneLocks: t } }) => rows(db.select().from(t)))
    expect(released).toMatchObject({ releasedBy: by.accountId, note: '1000 g: 1012 g (±2 g)' })
  })

  it('stays on the trail: who, when, which weights, what was shown and allowed', async () => {
    await using shop = await openWorkshop(dialect)
    await shop.check(drifted)
    shop.clock.advance(1_000)
    await shop.check(good)

    const { rows: listed } = await shop.database.read((ctx) => listChecks(ctx, { limit: 10, laneId: 'L01' }))

    expect(listed).toMatchObject([
      { isPassed: true, checkedByName: '李师傅', weightSet, checkedAtMs: shop.clock.now() },
      {
        isPassed: false,
        loads: [
          { nominalMg: 0, shownMg: 0, limitMg: 2_000, isGood: true },
          { nominalMg: 1_000_000, shownMg: 1_012_000, limitMg: 2_000, isGood: false },
        ],
      },
    ])
  })

  it('is judged by the certificate where there is one, and by the plate where there is none', async () => {
    await using shop = await openWorkshop(dialect)
    await expect(shop.check(good, {})).rejects.toMatchObject({
      code: 'scale_check.class_unknown',
      field: 'accuracyClass',
    })
    await shop.certify('渝检-1', 365)

    expect(await shop.check(good, {})).toMatchObject({ isPassed: true })
    await expect(shop.check(good, { intervalMg: 5_000 })).rejects.toMatchObject({ code: 'scale_check.class_differs' })
  })

  it.each([
    ['scale_check.lane_unknown', good, { laneId: 'L77', ...plate }],
    ['scale_check.loads_insufficient', good.slice(1), plate],
    ['scale_check.load_beyond_range', [...good, { nominalMg: 30_000_000, shownMg: 0 }], plate],
    ['cabinet.unknown', good, { cabinetId: '01900000-0000-7000-8000-000000000000', ...plate }],
  ])('is refused with %s and leaves nothing', async (code, loads, more) => {
    await using shop = await openWorkshop(dialect)

    await expect(shop.check(loads, more)).rejects.toMatchObject({ code })

    expect(await shop.database.read((ctx) => listChecks(ctx, { limit: 10 }))).toEqual({ rows: [] })
    expect(await auditOf(shop.market)).toEqual([])
  })
})

describe.each(dialects)('a certificate on %s', (dialect) => {
  it('goes to the cabinet, the one that holds longest', async () => {
    await using shop = await openWorkshop(dialect)
    await shop.certify('渝检-1', 365)
    const { effects } = await shop.certify('渝检-0', 30)

    expect(effects).toEqual([])
    expect((await twinOf(shop.market)).config.scaleVerification).toEqual({
      certificateNumber: '渝检-1',
      expiresAtMs: shop.clock.now() + 365 * dayMs,
    })
  })

  it('that is taken back ends selling by weight, unless another holds', async () => {
    await using shop = await openWorkshop(dialect)
    const first = await shop.certify('渝检-1', 365)
    const second = await shop.certify('渝检-2', 30)
    const revoke = (certificateId: string) =>
      shop.database.run((ctx) => revokeCertificate(ctx, { certificateId, note: '铅封破损', by }))
    await revoke(first.certificateId)
    expect((await twinOf(shop.market)).config.scaleVerification).toMatchObject({ certificateNumber: '渝检-2' })

    await revoke(second.certificateId)

    expect((await twinOf(shop.market)).config.scaleVerification).toBeNull()
    await expect(revoke(second.certificateId)).rejects.toMatchObject({ code: 'scale_certificate.revoked' })
    const valid = await shop.database.read((ctx) => listCertificates(ctx, { limit: 10, isValid: true }))
    expect(valid.rows).toEqual([])
  })

  it('is entered once, issued before now and ending after it', async () => {
    await using shop = await openWorkshop(dialect)
    await shop.certify('渝检-1', 365)

    await expect(shop.certify('渝检-1', 365)).rejects.toMatchObject({ code: 'scale_certificate.number_taken' })
    await expect(shop.certify('渝检-2', -1)).rejects.toMatchObject({ field: 'expiresAtMs' })
    await expect(shop.certify('渝检-2', 9, { verifiedAtMs: shop.clock.now() + 1 })).rejects.toMatchObject({
      code: 'scale_certificate.date_wrong',
      field: 'verifiedAtMs',
    })
  })
})
