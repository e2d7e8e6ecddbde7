// JSON that parses and yet cannot be hashed or stored: a journal with such an entry goes on, on both databases.
import { asc, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { readEntry } from '#server/mqtt/journal-entries.ts'
import { startCabinet, type TestCabinet } from '#tests/support/test-cabinet.ts'
import { startServer, type TestServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'

const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`

/** Written into the body's `detail` as they stand. */
const hostile: ReadonlyArray<readonly [string, string]> = [
  ['a number beyond all numbers', '1e999'],
  ['lists without end', deep],
  ['a zero character', String.raw`"a\u0000b"`],
  ['half a character', String.raw`"a\ud83db"`],
]

function journalOf({ app }: TestServer, { cabinetId }: TestCabinet) {
  return app.ctx.database.read(({ db, tables: { journalEntries: t } }) =>
    rows(db.select({ seq: t.seq, flag: t.flag }).from(t).where(eq(t.cabinetId, cabinetId)).orderBy(asc(t.seq))),
  )
}

describe.each(dialects)('an entry that holds %s', (dialect) => {
  it.each(hostile)(`${dialect}: %s, keeps its place and hides nobody`, async (_, detail) => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const [before, odd, after] = ['before', 'odd', 'after'].map((name) =>
      cabinet.journal.write('alarm.raised', { alarm: name, detail: name }),
    )

    await cabinet.publish('events', JSON.stringify(before))
    await cabinet.publish('events', JSON.stringify(odd).replace('"detail":"odd"', `"detail":${detail}`))
    await cabinet.publish('events', JSON.stringify(after))
    await cabinet.committed(3)

    const journal = await journalOf(server, cabinet)
    expect(journal).toMatchObject([
      { seq: 1, flag: null },
      { seq: 2, flag: expect.any(String) },
      { seq: 3, flag: null },
    ])
    const auditor = await server.signIn('auditor')
    const { body } = await auditor.send('GET', `/api/cabinets/${cabinet.cabinetId}`)
    expect(body['cabinet']).toMatchObject({ alarms: expect.arrayContaining(['before', 'after']) })
  })

  it(`${dialect}: in any channel, ends nothing`, async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    for (const [, value] of hostile) {
      for (const channel of ['events', 'replies', 'live', 'presence', 'reported', 'telemetry'] as const) {
        await cabinet.publish(channel, value)
        await cabinet.publish(channel, `{"isOnline":true,"bootId":${value},"versions":${value},"atMs":${value}}`)
      }
    }
    await cabinet.tell('alarm.raised', { alarm: 'well', detail: '' })

    expect(await cabinet.committed(1)).toEqual({ throughSeq: 1 })
  })
})

describe('reading an entry', () => {
  it.each(hostile)('throws nothing for %s', (_, detail) => {
    expect(readEntry(JSON.parse(detail), 1)).toBeUndefined()
    expect(() => readEntry(JSON.parse(`{"seq":1,"body":{"x":${detail}}}`), 1)).not.toThrow()
  })
})
