// Goods in kind over HTTP: the source's 919 households, 141,297 kg of fertiliser and 1,578 kg of seed (domain.md, A10).
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { splitByLargestRemainder } from '#shared/units/fen.ts'
import { countRows } from '#server/db/expressions.ts'
import { one } from '#server/db/unit.ts'
import { enterHouseholds, enterVillages } from '#server/households/enter-households.ts'
import { problem, startCommerceApi } from '#tests/support/commerce-api.ts'
import type { Caller } from '#tests/support/commerce-api.ts'
import { householdCode, villageCode } from '#tests/support/market.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const accountId = '01900000-0000-7000-8000-0000000000aa'
const operator = { accountId, roles: ['operator'] } as const
const path = `/api/in-kind-grants/imports?documentNumber=${encodeURIComponent('演示文〔2020〕3 号')}&grantedOn=2020-03-20`
const kg = (massKg: number) => massKg * 1_000_000
const bytes = (text: string) => new TextEncoder().encode(text)

async function openStores(dialect: (typeof dialects)[number], count: number) {
  const database = await openTestDatabase(dialect)
  await database.run(function* (ctx) {
    yield* enterVillages(ctx, [{ villageCode, name: '青龙村', townCode: '500112142', townName: '大盛镇' }])
    const serials = Array.from({ length: count }, (_, index) => index + 1)
    const facts = { headName: '演示户', population: 3, kind: 'EXITED' as const }
    yield* enterHouseholds(
      ctx,
      serials.map((serial) => ({ householdCode: householdCode(serial), ...facts })),
    )
  })
  const api = await startCommerceApi(database)
  return {
    database,
    send: (file: Uint8Array) => api.call('POST', path, operator, file),
    rehearse: (file: Uint8Array) => api.call('POST', path.replace('imports?', 'imports/preview?'), operator, file),
    reverse: (importId: unknown, body: unknown = { reason: '文号写错' }) =>
      api.call('POST', `/api/in-kind-grants/imports/${String(importId)}/reversal`, operator, body),
    imports: async () => (await api.call('GET', '/api/in-kind-grants/imports', operator)).body,
    totals: async (who: Caller) => (await api.call('GET', '/api/in-kind-grants/totals', who)).body,
    list: async (who: Caller) => (await api.call('GET', '/api/in-kind-grants', who)).body,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await database.close()
    },
  }
}

describe.each(dialects)('goods in kind on %s', (dialect) => {
  it('are summed beyond what one mass may be', async () => {
    await using stores = await openStores(dialect, 2)
    const file = bytes(
      ['户编号,物资,数量(kg)', `${householdCode(1)},化肥,900000`, `${householdCode(2)},化肥,900000`].join('\r\n'),
    )

    const imported = await stores.send(file)

    const totals = [{ item: 'FERTILISER', households: 2, massMg: kg(1_800_000) }]
    expect(imported).toMatchObject({ status: 201, body: { totals } })
    expect(await stores.totals(operator)).toEqual({ households: 2, totals })
    expect(await stores.imports()).toMatchObject({ rows: [{ totals }] })
  })

  it('reproduce the source’s figures exactly from an import, and are no cash', async () => {
    await using stores = await openStores(dialect, 919)
    const even = Array.from({ length: 919 }, () => 1)
    const lines = [
      ...splitByLargestRemainder(141_297, even).map((mass, index) => `${householdCode(index + 1)},化肥,${mass}`),
      ...splitByLargestRemainder(1_578_000, even).map(
        (grams, index) => `${householdCode(index + 1)},种子,${(grams / 1_000).toFixed(3)}`,
      ),
    ]
    const file = bytes(['户编号,物资,数量(kg)', ...lines].join('\r\n'))

    const imported = await stores.send(file)

    const totals = [
      { item: 'FERTILISER', households: 919, massMg: kg(141_297) },
      { item: 'SEED', households: 919, massMg: kg(1_578) },
    ]
    expect(imported).toMatchObject({ status: 201, body: { rows: 1_838, households: 919, totals } })
    expect(await stores.totals(operator)).toEqual({ households: 919, totals })
    const transfers = await stores.database.read(({ db, tables }) =>
      one(db.select({ count: countRows() }).from(tables.ledgerTransfers)),
    )
    expect(transfers).toEqual({ count: 0 })
    expect(problem(await stores.send(file))).toEqual({ code: 'in_kind.file_known' })
  })

  it('are imported once, in whatever format the list of a document comes again', async () => {
    await using stores = await openStores(dialect, 2)
    const lines = ['户编号,物资,数量(kg)', `${householdCode(1)},化肥,50`, `${householdCode(2)},化肥,50`]
    await stores.send(bytes(lines.slice(0, 2).join('\n')))

    const again = await stores.send(bytes(lines.join('\r\n')))
    const rest = await stores.send(bytes([lines[0], lines[2]].join('\n')))

    expect(problem(again)).toEqual({ code: 'tabular.invalid', field: 'rows.2.户编号' })
    expect(rest.status).toBe(201)
    expect(await stores.totals(operator)).toMatchObject({ totals: [{ massMg: kg(100) }] })
  })

  it('are taken back by an import below zero, with a reason, and may then be imported anew', async () => {
    await using stores = await openStores(dialect, 2)
    const lines = [`${householdCode(1)},化肥,50`, `${householdCode(2)},种子,2`]
    const file = bytes(['户编号,物资,数量(kg)', ...lines].join('\r\n'))
    const { importId } = (await stores.send(file)).body as { importId: string }

    const unexplained = await stores.reverse(importId, {})
    const reversal = await stores.reverse(importId)
    const nothingLeft = await stores.totals(operator)
    const twice = await stores.reverse(importId)
    const { importId: reversalId } = reversal.body as { importId: string }
    const ofReversal = await stores.reverse(reversalId)
    const anew = await stores.send(file)

    expect(problem(unexplained)).toMatchObject({ code: 'request.invalid', field: 'reason' })
    expect(reversal).toMatchObject({ status: 201, body: { reversesImportId: importId, rows: 2 } })
    expect(nothingLeft).toEqual({ households: 0, totals: [] })
    expect([problem(twice).code, problem(ofReversal).code]).toEqual([
      'in_kind.import_reversed',
      'in_kind.import_is_reversal',
    ])
    expect(anew.status).toBe(201)
    expect(await stores.totals(operator)).toMatchObject({
      households: 2,
      totals: [{ massMg: kg(50) }, { massMg: kg(2) }],
    })
    expect(await stores.imports()).toMatchObject({
      rows: [
        { totals: [{ massMg: kg(50) }, { massMg: kg(2) }] },
        { reversesImportId: importId, reason: '文号写错', totals: [{ massMg: kg(-50) }, { massMg: kg(-2) }] },
        { importId, reversedByImportId: reversalId },
      ],
    })
    expect(await stores.list(operator)).toMatchObject({
      rows: [{ massMg: kg(50) }, { massMg: kg(-50) }, {}, {}, {}, {}],
    })
    const audit = await stores.database.read(({ db, tables: { auditRows: t } }) =>
      one(db.select().from(t).where(eq(t.action, 'in_kind.reversed'))),
    )
    expect(audit).toMatchObject({ accountId, subjectId: importId, why: '文号写错' })
  })

  it('are imported all or none, with an error for each wrong row', async () => {
    await using stores = await openStores(dialect, 3)
    const file = bytes(
      [
        '户编号,物资,数量(kg)',
        `${householdCode(1)},化肥,10`,
        `${householdCode(2)},水泥,10`,
        `${householdCode(3)},种子,-1`,
        `${householdCode(1)},化肥,12`,
      ].join('\n'),
    )

    const refused = await stores.send(file)
    const unknown = await stores.send(bytes(`户编号,物资,数量(kg)\n${householdCode(8)},化肥,10`))

    const { errors } = refused.body as { errors: Array<{ field: string }> }
    expect(errors.map(({ field }) => field).toSorted()).toEqual(['rows.3.物资', 'rows.4.数量(kg)', 'rows.5.户编号'])
    expect(problem(unknown).field).toBe('rows.2.户编号')
    expect(await stores.totals(operator)).toEqual({ households: 0, totals: [] })
  })

  it('are seen by a farmer the own ones only', async () => {
    await using stores = await openStores(dialect, 3)
    const lines = [1, 2, 3].map((serial) => `${householdCode(serial)},化肥,${serial * 10}`)
    await stores.send(bytes(['户编号,物资,数量(kg)', ...lines].join('\n')))
    const farmer = { accountId, roles: ['farmer'], householdCode: householdCode(2) } as const

    expect(await stores.list(farmer)).toMatchObject({ rows: [{ householdCode: householdCode(2), massMg: kg(20) }] })
    expect(await stores.totals({ accountId, roles: ['helper'] })).toEqual({ households: 0, totals: [] })
  })

  it('are rehearsed from a list, and none is kept', async () => {
    await using stores = await openStores(dialect, 2)
    const file = bytes(
      ['户编号,物资,数量(kg)', `${householdCode(1)},化肥,50`, `${householdCode(2)},种子,2`].join('\r\n'),
    )

    const preview = await stores.rehearse(file)
    const kept = await stores.totals(operator)
    const imported = await stores.send(file)

    expect(preview).toMatchObject({ status: 200, body: { rows: 2, households: 2 } })
    expect(kept).toMatchObject({ households: 0, totals: [] })
    expect(imported.status).toBe(201)
  })
})
