// The journal's way from a cabinet over a real broker into the database, on both: once, in order, acknowledged after the commit,
// whatever the messages look like.
import { asc, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Effect } from '#server/context.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import { exec, insertRows, rows, type Unit } from '#server/db/unit.ts'
import { hashOfEntry } from '#server/mqtt/journal-entries.ts'
import { nouns } from '#server/nouns.ts'
import { newId, startCabinet, type TestCabinet } from '#tests/support/test-cabinet.ts'
import { startServer, type TestServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'

const alarm = (name: string) => ({ alarm: name, detail: 'test' })

function journalOf({ app }: TestServer, { cabinetId }: TestCabinet) {
  return app.ctx.database.read(({ db, tables: { journalEntries: t } }) =>
    rows(
      db
        .select({ seq: t.seq, type: t.type, flag: t.flag, body: t.body })
        .from(t)
        .where(eq(t.cabinetId, cabinetId))
        .orderBy(asc(t.seq)),
    ),
  )
}

function rejectedOf({ app }: TestServer) {
  return app.ctx.database.read(({ db, tables: { rejectedMessages: t } }) =>
    rows(db.select({ reason: t.reason, sizeBytes: t.sizeBytes }).from(t).orderBy(asc(t.messageId))),
  )
}

async function alarmsOf(server: TestServer, { cabinetId }: TestCabinet): Promise<unknown> {
  const auditor = await server.signIn('auditor')
  const { body } = await auditor.send('GET', `/api/cabinets/${cabinetId}`)
  return (body['cabinet'] as { alarms: string[] }).alarms
}

describe.each(dialects)('journal entries on %s', (dialect) => {
  it('are stored once, in order, and acknowledged after the commit', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')

    await cabinet.tell('alarm.raised', alarm('over_temperature'))
    await cabinet.tell('alarm.raised', alarm('disk_full'))
    await cabinet.tell('alarm.cleared', { alarm: 'disk_full' })
    await cabinet.committed(3)

    expect((await journalOf(server, cabinet)).map(({ seq, type, flag }) => [seq, type, flag])).toEqual([
      [1, 'alarm.raised', null],
      [2, 'alarm.raised', null],
      [3, 'alarm.cleared', null],
    ])
    expect(await alarmsOf(server, cabinet)).toEqual(['over_temperature'])
  })

  it('that come again are acknowledged and change nothing', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const first = await cabinet.tell('alarm.raised', alarm('disk_full'))
    await cabinet.committed(1)
    await cabinet.tell('alarm.cleared', { alarm: 'disk_full' })
    await cabinet.committed(2)

    await cabinet.publish('events', [first, first])
    const ack = await cabinet.committed(1)

    expect(ack).toEqual({ throughSeq: 2 })
    expect(await journalOf(server, cabinet)).toHaveLength(2)
    expect(await alarmsOf(server, cabinet)).toEqual([])
  })

  it('that come out of order are put in order', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const entries = ['a', 'b', 'c', 'd'].map((name) => cabinet.journal.write('alarm.raised', alarm(name)))

    for (const entry of entries.toReversed()) await cabinet.publish('events', entry)
    await cabinet.committed(4)

    expect((await journalOf(server, cabinet)).map(({ body }) => body['alarm'])).toEqual(['a', 'b', 'c', 'd'])
  })

  it('beyond a gap wait for the missing ones, which are asked for', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    await cabinet.tell('alarm.raised', alarm('a'))
    await cabinet.committed(1)
    const missing = cabinet.journal.write('alarm.raised', alarm('b'))
    const later = await cabinet.tell('alarm.raised', alarm('c'))

    const ask = await cabinet.acks.find((ack) => 'resendFrom' in ack)
    expect(ask).toEqual({ resendFrom: 2 })
    expect(await journalOf(server, cabinet)).toHaveLength(1)
    await cabinet.publish('events', [missing, later])
    await cabinet.committed(3)

    expect((await journalOf(server, cabinet)).map(({ body }) => body['alarm'])).toEqual(['a', 'b', 'c'])
  })

  it('of an unknown type or with a wrong body are kept, flagged and acknowledged', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')

    await cabinet.tell('door.repainted' as never, { colour: 'red' } as never)
    await cabinet.tell('alarm.raised', { alarm: 42 } as never)
    await cabinet.tell('alarm.raised', alarm('real'))
    await cabinet.committed(3)

    expect((await journalOf(server, cabinet)).map(({ flag }) => flag)).toEqual(['unknown_type', 'invalid_body', null])
    expect(await alarmsOf(server, cabinet)).toEqual(['real'])
  })

  it('whose chain is broken or whose hash is wrong are kept, flagged and raise an alarm', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const first = cabinet.journal.write('alarm.raised', alarm('a'))
    const second = cabinet.journal.write('alarm.raised', alarm('b'))
    const { hash: _hash, ...unchained } = { ...second, prevHash: 'f'.repeat(64) }
    const third = cabinet.journal.write('alarm.raised', alarm('c'))

    await cabinet.publish('events', [
      first,
      { ...unchained, hash: hashOfEntry(unchained) },
      { ...third, body: alarm('forged') },
    ])
    await cabinet.committed(3)

    const flags = (await journalOf(server, cabinet)).map(({ flag }) => flag)
    expect(flags).toEqual([null, 'chain_broken', 'hash_wrong,chain_broken'])
    await expect.poll(() => alarmsOf(server, cabinet)).toEqual(['a', 'b', 'journal_broken'])
  })

  it('with the seq of another are kept aside: the first stays', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const first = await cabinet.tell('alarm.raised', alarm('first'))
    await cabinet.committed(1)
    const { hash: _hash, ...other } = { ...first, body: alarm('other') }

    await cabinet.publish('events', { ...other, hash: hashOfEntry(other) })
    await cabinet.committed(1)

    await expect.poll(() => rejectedOf(server)).toMatchObject([{ reason: 'conflict' }])
    expect((await journalOf(server, cabinet)).map(({ body }) => body['alarm'])).toEqual(['first'])
  })

  it('of a kind no handler can bear are kept and flagged, and their neighbours are handled', async () => {
    const failing = {
      events: {
        *'alarm.raised'(ctx, { body, cabinetId }): Unit<readonly Effect[]> {
          const { rejectedMessages } = ctx.tables
          if (body.alarm === 'refused') throw new RefusalError('request.conflict')
          if (body.alarm === 'crash') throw new Error('a programmer was here')
          const row = { messageId: 'same', atMs: 1, topic: cabinetId, reason: 'invalid', detail: body.alarm } as const
          if (body.alarm === 'twice') {
            yield* insertRows(rejectedMessages, [{ ...row, sizeBytes: 1, payload: Buffer.from('x') }])
            yield* insertRows(rejectedMessages, [{ ...row, sizeBytes: 1, payload: Buffer.from('x') }])
          }
          yield* exec(ctx.db.update(rejectedMessages).set({ detail: 'x' }))
          return []
        },
      },
    } satisfies (typeof nouns)[number]
    await using server = await startServer({ dialect, nouns: [...nouns, failing] })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const names = ['good', 'refused', 'fine', 'crash', 'twice', 'well']

    await cabinet.publish(
      'events',
      names.map((name) => cabinet.journal.write('alarm.raised', alarm(name))),
    )
    await cabinet.committed(6)

    const flags = (await journalOf(server, cabinet)).map(({ flag }) => flag)
    expect(flags).toEqual([null, 'request.conflict', null, 'handler_failed', 'handler_failed', null])
    // The refusal undid its own handler only: the registry's handler of the same event stands.
    expect(await alarmsOf(server, cabinet)).toEqual(['good', 'refused', 'fine', 'well'])
    expect(await rejectedOf(server)).toEqual([])
  })

  it('may begin again at 1 after a new enrolment, and only then', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    await cabinet.tell('alarm.raised', alarm('old'))
    await cabinet.committed(1)
    const { database } = server.app.ctx
    await database.run(({ db, tables: { journalPositions: t } }) => exec(db.update(t).set({ mayRestart: true })))
    const { JournalWriter } = await import('#tests/support/journal-writer.ts')
    const fresh = new JournalWriter(newId(), () => 1_800_000_000_000)

    await cabinet.publish('events', [
      fresh.write('alarm.raised', alarm('new')),
      fresh.write('alarm.raised', alarm('newer')),
    ])
    await cabinet.committed(2)

    const journal = await journalOf(server, cabinet)
    expect(journal.map(({ seq, body, flag }) => [seq, body['alarm'], flag])).toEqual([
      [1, 'old', null],
      [2, 'new', null],
      [3, 'newer', null],
    ])
  })
})

describe.each(dialects)('messages that break the contract on %s', (dialect) => {
  it('are kept aside and counted, and what follows is handled', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')

    await cabinet.publish('events', 'not json')
    await cabinet.publish('events', { seq: 'one' })
    await cabinet.publish('events', [])
    await cabinet.publish('replies', { commandId: newId(), outcome: 'done', atMs: 1 })
    await cabinet.publish('presence', { isOnline: 'yes' })
    await cabinet.publish('telemetry', JSON.stringify('x'.repeat(300_000)))
    await cabinet.tell('alarm.raised', alarm('after'))
    await cabinet.committed(1)

    const reasons = async () => (await rejectedOf(server)).map(({ reason }) => reason).toSorted()
    await expect.poll(reasons).toEqual(['invalid', 'invalid', 'invalid', 'invalid', 'not_json', 'oversized'])
    const operator = await server.signIn('operator')
    expect((await operator.send('GET', '/api/fleet/summary')).body['rejectedMessages']).toBe(6)
  })

  it('do not stop the journal when their place in it can be read', async () => {
    await using server = await startServer({ dialect })
    await using cabinet = await startCabinet(server, 'YB-0001')
    const odd = cabinet.journal.write('alarm.raised', alarm('odd'))

    await cabinet.publish('events', { ...odd, type: 'x'.repeat(100) })
    await cabinet.tell('alarm.raised', alarm('after'))
    await cabinet.committed(2)

    expect((await journalOf(server, cabinet)).map(({ type, flag }) => [type, flag])).toEqual([
      ['invalid', 'invalid_entry'],
      ['alarm.raised', null],
    ])
    await expect.poll(() => rejectedOf(server)).toMatchObject([{ reason: 'invalid' }])
  })
})
