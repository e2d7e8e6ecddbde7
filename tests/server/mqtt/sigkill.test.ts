// The server dies by SIGKILL in the middle of its commits, again and again, while a cabinet reports and people write: nothing
// that was acknowledged is lost, nothing that was refused is there, nothing is there twice.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asc, eq } from 'drizzle-orm'
import mqtt from 'mqtt'
import { expect, it } from 'vitest'
import { createCabinet } from '#shared/contracts/http/cabinets.ts'
import { nextBelow, seededRandom, systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { exec, one, rows } from '#server/db/unit.ts'
import { addAccounts } from '#server/identity/add-accounts.ts'
import { hashOneTimePassword } from '#server/identity/password.ts'
import { createApiClient } from '#server/demo/api-client.ts'
import { ApiProblem } from '#server/demo/api-client.ts'
import { chooseFreePort } from '#server/demo/demo-file.ts'
import type { JournalEntry } from '#shared/contracts/mqtt/event.ts'
import { JournalWriter } from '#tests/support/journal-writer.ts'
import { createServerProcess } from '#tests/support/server-process.ts'
import { connectOptions, makeLogin, newId, openCabinet, registerAt } from '#tests/support/test-cabinet.ts'
import { dialects, makeDatabasePlace } from '#tests/support/test-database.ts'
import { bundleEntry } from '../../../.tools/bundle.mjs'

const kills = 4
const entriesPerLife = 400

it.each(dialects)(
  'nothing acknowledged is lost on %s',
  async (dialect) => {
    await using place = await makeDatabasePlace(dialect)
    const folder = await mkdtemp(join(tmpdir(), 'huinong-kill-'))
    const [entry, httpPort, mqttPort] = await Promise.all([
      bundleEntry('server/main.ts'),
      chooseFreePort(),
      chooseFreePort(),
    ])
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
    const passwordHash = await hashOneTimePassword('operator-password')
    await using database = await openDatabase({ url: place.url, clock: systemClock, random: systemRandom })
    const { cabinetId, hostSiteId } = await database.run(function* (unit) {
      const { cabinets } = unit.tables
      const id = yield* registerAt(unit, 'YB-0001')
      yield* exec(unit.db.update(cabinets).set({ publicKey: spki }).where(eq(cabinets.cabinetId, id)))
      const roles = ['operator', 'admin'] as const
      yield* addAccounts(unit, [
        { login: 'operator', displayName: 'op', roles, passwordHash, mustChangePassword: false },
      ])
      const cabinet = yield* one(unit.db.select().from(cabinets).where(eq(cabinets.cabinetId, id)))
      return { cabinetId: id, hostSiteId: cabinet?.hostSiteId ?? '' }
    })
    await using server = createServerProcess({
      entry,
      databaseUrl: place.url,
      dataDirectory: folder,
      httpPort,
      mqttPort,
    })
    const random = seededRandom(7)
    const journal = new JournalWriter(newId(), () => systemClock.now())
    const written: JournalEntry[] = []
    const made: string[] = []
    const refused: string[] = []
    let ackedSeq = 0
    let codes = 1

    async function writeCabinets(signal: AbortSignal, onRegistered: () => void): Promise<void> {
      const api = createApiClient(`http://127.0.0.1:${httpPort}`)
      await api.signIn('operator', 'operator-password')
      while (!signal.aborted) {
        codes += 1
        const code = `YB-${String(codes).padStart(4, '0')}`
        // Every third names a site that is not there: refused after the code was looked up.
        const site = codes % 3 === 0 ? newId() : hostSiteId
        try {
          await api.call(createCabinet, { body: { code, hostSiteId: site } })
          made.push(code)
          onRegistered()
        } catch (error) {
          if (error instanceof ApiProblem) refused.push(code)
        }
      }
    }

    async function live(life: number): Promise<void> {
      await server.start()
      const url = `mqtt://127.0.0.1:${mqttPort}`
      const client = await mqtt.connectAsync(
        url,
        connectOptions(cabinetId, makeLogin(cabinetId, privateKey, systemClock.now())),
      )
      client.on('error', () => {})
      await using cabinet = await openCabinet(client, { cabinetId, code: 'YB-0001' }, () => systemClock.now(), journal)
      for (let count = 0; count < entriesPerLife; count += 1)
        written.push(journal.write('alarm.raised', { alarm: `a${written.length}`, detail: '' }))
      const ending = new AbortController()
      let writing = Promise.resolve()
      // People write already when the journal begins to flow, and go on until the server dies.
      await new Promise<void>((resolve, reject) => {
        writing = writeCabinets(ending.signal, resolve).catch(reject)
      })
      const unacked = written.slice(ackedSeq)
      for (const one of unacked)
        cabinet.client.publish(`huinong/v1/cabinets/${cabinetId}/events`, JSON.stringify(one), { qos: 1 })
      // The last life goes to the end; the others end somewhere in between.
      const wanted = life === kills ? written.length : ackedSeq + nextBelow(random, unacked.length - 1) + 1
      while (ackedSeq < wanted) {
        const ack = await cabinet.acks.next()
        if ('throughSeq' in ack) ackedSeq = Math.max(ackedSeq, ack.throughSeq)
      }
      if (life < kills) await server.kill('SIGKILL')
      ending.abort()
      await writing
    }

    const committed = () =>
      database.read(({ db, tables: { journalEntries: t } }) =>
        rows(db.select({ seq: t.seq, hash: t.hash, flag: t.flag }).from(t).orderBy(asc(t.seq))),
      )
    for (let life = 0; life <= kills; life += 1) {
      await live(life)
      const kept = await committed()
      expect(kept.length).toBeGreaterThanOrEqual(ackedSeq)
      expect(kept.map(({ seq }) => seq)).toEqual(kept.map((_, index) => index + 1))
    }

    const kept = await committed()
    expect(kept.map(({ hash }) => hash)).toEqual(written.map(({ hash }) => hash))
    expect(kept.every(({ flag }) => flag === null)).toBe(true)
    const registered = await database.read(({ db, tables: { cabinets: t } }) =>
      rows(db.select({ code: t.code }).from(t)),
    )
    const present = new Set(registered.map(({ code }) => code))
    expect(made.filter((code) => !present.has(code))).toEqual([])
    expect(refused.filter((code) => present.has(code))).toEqual([])
    expect(made.length).toBeGreaterThanOrEqual(kills + 1)
    expect(refused.length).toBeGreaterThan(0)
    await server.kill('SIGTERM')
    await rm(folder, { recursive: true, force: true })
  },
  120_000,
)
