import { describe, expect, it } from 'vitest'
import { registerSku } from '#server/catalog/register-sku.ts'
import { checkPlanogram } from '#shared/planogram/planogram-check.ts'
import { rows } from '#server/db/unit.ts'
import { newId, startCabinet } from '#tests/support/test-cabinet.ts'
import { startServer, type TestServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'

function addSku({ app }: TestServer, name: string, labelUnitMassMg: number, priceFen: number) {
  return app.ctx.database.run((unit) =>
    registerSku(unit, {
      name,
      spec: '1 kg 装',
      origin: '大盛镇',
      category: 'fruit',
      foodClass: 'EDIBLE_AGRI',
      mode: 'piece',
      priceFen,
      isCertified: true,
      labelUnitMassMg,
      labelUnitMassSdMg: 12_000,
      shelfLifeDays: 14,
    }),
  )
}

const lane = (laneId: string, skuId: string) => ({ laneId, skuId, capacity: 12, isOnSale: true })

describe.each(dialects)('a twin on %s', (dialect) => {
  it('takes a planogram, fills lanes from the SKUs, gives label prices and reaches the cabinet', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    const [orange, pear] = [
      await addSku(server, '沃柑', 1_000_000, 1_280),
      await addSku(server, '黄花梨', 1_010_000, 1_180),
    ]

    const saved = await operator.send('PUT', `/api/cabinets/${cabinet.cabinetId}/planogram`, {
      expectedVersion: 0,
      lanes: [lane('L01', orange.skuId), lane('L02', pear.skuId)],
    })
    const twin = await cabinet.desired.find(({ version }) => version === 2)

    expect(saved).toMatchObject({ status: 200, body: { version: 1 } })
    // 10 g apart, where 6.2·√(12² + 2·1.5²) = 75.5 g are needed.
    expect(saved.body['warnings']).toMatchObject([{ skuIdA: orange.skuId, skuIdB: pear.skuId, gapMg: 10_000 }])
    expect(twin).toMatchObject({
      version: 2,
      planogram: {
        version: 1,
        lanes: [
          { laneId: 'L01', skuName: '沃柑', mode: 'piece', labelUnitMassMg: 1_000_000, labelUnitMassSdMg: 12_000 },
          { laneId: 'L02', skuName: '黄花梨' },
        ],
      },
      prices: { version: 1, prices: { [orange.skuId]: 1_280, [pear.skuId]: 1_180 } },
    })
  })

  it('refuses a change by who saw an older version, and changes nothing', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    const { skuId } = await addSku(server, '沃柑', 1_000_000, 1_280)
    const put = (part: string, body: unknown) =>
      operator.send('PUT', `/api/cabinets/${cabinet.cabinetId}/${part}`, body)

    await put('planogram', { expectedVersion: 0, lanes: [lane('L01', skuId)] })
    const both = await Promise.all([
      put('prices', { expectedVersion: 1, prices: { [skuId]: 990 } }),
      put('prices', { expectedVersion: 1, prices: { [skuId]: 880 } }),
    ])
    const stale = await put('planogram', { expectedVersion: 0, lanes: [lane('L02', skuId)] })

    expect(both.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(both.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'cabinet.twin_stale', version: 2 })
    expect(stale).toMatchObject({ status: 409, body: { field: 'expectedVersion', version: 1 } })
    const { body } = await operator.send('GET', `/api/cabinets/${cabinet.cabinetId}`)
    expect(body['desired']).toMatchObject({ version: 3, planogram: { version: 1 }, prices: { version: 2 } })
    const changes = await server.app.ctx.database.read(({ db, tables }) => rows(db.select().from(tables.twinChanges)))
    expect(changes.map(({ version, part, partVersion }) => [version, part, partVersion])).toEqual([
      [1, 'planogram', 1],
      [2, 'prices', 1],
      [3, 'prices', 2],
    ])
  })

  it('refuses unknown SKUs and lots and a lane named twice, with the field', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    const { skuId } = await addSku(server, '沃柑', 1_000_000, 1_280)
    const put = (part: string, body: unknown) =>
      operator.send('PUT', `/api/cabinets/${cabinet.cabinetId}/${part}`, body)
    const plan = (...lanes: unknown[]) => put('planogram', { expectedVersion: 0, lanes })

    expect(await plan(lane('L01', newId()))).toMatchObject({
      status: 422,
      body: { code: 'cabinet.sku_unknown', field: 'lanes.0.skuId' },
    })
    expect(await plan(lane('L01', skuId), lane('L01', skuId))).toMatchObject({ body: { field: 'lanes.1.laneId' } })
    expect(await plan({ ...lane('L01', skuId), lotId: newId() })).toMatchObject({
      body: { code: 'cabinet.lot_unknown', field: 'lanes.0.lotId' },
    })
    expect(await put('prices', { expectedVersion: 0, prices: { [newId()]: 1 } })).toMatchObject({
      body: { code: 'cabinet.sku_unknown' },
    })
    expect(await put('prices', { expectedVersion: 0, prices: { [skuId]: -1 } })).toMatchObject({ status: 422 })
    const { body } = await operator.send('GET', `/api/cabinets/${cabinet.cabinetId}`)
    expect(body['desired']).toMatchObject({ version: 0 })
  })

  it('is shown to buyers as a shelf with the operator’s particulars', async () => {
    const environment = { HUINONG_OPERATOR_NAME: '测试运营', HUINONG_OPERATOR_FILING: 'YB-42' }
    await using server = await startServer({ dialect, environment })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const operator = await server.signIn('operator')
    const { skuId } = await addSku(server, '沃柑', 1_000_000, 1_280)
    const lanes = [lane('L01', skuId), { ...lane('L02', skuId), isOnSale: false }]
    await operator.send('PUT', `/api/cabinets/${cabinet.cabinetId}/planogram`, { expectedVersion: 0, lanes })

    const shelf = await server.anybody.send('GET', '/api/cabinets/by-code/YB-0001/shelf')

    expect(shelf).toMatchObject({
      status: 200,
      body: {
        code: 'YB-0001',
        isOnline: false,
        operator: { name: '测试运营', filingNumber: 'YB-42' },
        lanes: [
          { laneId: 'L01', name: '沃柑', spec: '1 kg 装', origin: '大盛镇', priceFen: 1_280, isOnSale: true, count: 0 },
          { laneId: 'L02', isOnSale: false },
        ],
      },
    })
    expect(await server.anybody.send('GET', '/api/cabinets/by-code/YB-0002/shelf')).toMatchObject({ status: 404 })
  })
})

describe('the check of a planogram', () => {
  const sku = (name: string, unitMassMg: number, unitMassSdMg = 2_000) => ({
    skuId: newId(),
    name,
    unitMassMg,
    unitMassSdMg,
  })

  it('names each pair of different SKUs closer than 6.2·√(s² + 2σ²), and no other', () => {
    const [a, b, c] = [sku('a', 500_000), sku('b', 518_000), sku('c', 536_200)]

    // s = 2 g, σ = 1.5 g: 18.08 g are needed.
    const clashes = checkPlanogram([a, b, a, c], 1_500)

    expect(clashes.map(({ skuIdA, skuIdB, gapMg, neededMg }) => [skuIdA, skuIdB, gapMg, neededMg])).toEqual([
      [a.skuId, b.skuId, 18_000, 18_076],
    ])
  })

  it('asks for a wider gap where the scales are worse', () => {
    const [a, b] = [sku('a', 500_000), sku('b', 525_000)]

    expect(checkPlanogram([a, b], 1_500)).toEqual([])
    expect(checkPlanogram([a, b], 3_500)).toMatchObject([{ gapMg: 25_000, neededMg: 33_099 }])
  })
})
