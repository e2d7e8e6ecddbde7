// The server's side of a PostgreSQL that ends in the midst of commits, in each of the ways that the torture knows.
import { expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { DatabaseError } from '#server/db/database-error.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { insertRows, rows } from '#server/db/unit.ts'
import { postgresEnds, PostgresServer } from './postgres-server.ts'

const callers = 8
const answersBetween = 40

it(
  'PostgreSQL may end in any way: what was answered is there, what was refused is not',
  { timeout: 120_000 },
  async () => {
    await using server = await PostgresServer.start()
    await using database = await openDatabase({ url: server.url, clock: systemClock, random: seededRandom(1) })
    const answered: string[] = []
    const refused: string[] = []
    const others: unknown[] = []
    let isOver = false
    const open = (ownerId: string) =>
      database.run(({ tables }) =>
        insertRows(tables.ledgerAccounts, [
          { id: `wallet:${ownerId}`, kind: 'wallet', ownerId, balanceFen: 0, createdAtMs: 1 },
        ]),
      )
    const call = async (caller: number) => {
      for (let serial = 0; !isOver; serial += 1) {
        const ownerId = `${caller}-${serial}`
        try {
          await open(ownerId)
          answered.push(ownerId)
        } catch (error) {
          const kind = error instanceof DatabaseError ? error.kind : undefined
          if (kind === 'connection') refused.push(ownerId)
          else if (kind !== 'uncertain') {
            others.push(error)
            isOver = true
          }
        }
      }
    }
    const calling = Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)))
    const answers = async (count: number) => {
      const until = answered.length + count
      while (answered.length < until && !isOver) await delay(systemClock, 10)
    }

    const random = seededRandom(2)
    const struck: Array<string | undefined> = []
    for (const end of postgresEnds) {
      await answers(answersBetween)
      struck.push(await server.strike(random, end))
    }
    await answers(answersBetween)
    isOver = true
    await calling
    const kept = await database.read(({ db, tables: { ledgerAccounts: t } }) =>
      rows(db.select({ ownerId: t.ownerId }).from(t)),
    )

    const found = new Set(kept.map(({ ownerId }) => ownerId))
    expect(others).toEqual([])
    expect(struck).toEqual(postgresEnds)
    expect(answered.filter((ownerId) => !found.has(ownerId))).toEqual([])
    expect(refused.filter((ownerId) => found.has(ownerId))).toEqual([])
    expect(server.takeOwnEnds()).toEqual([])
  },
)
