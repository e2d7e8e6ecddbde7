// A server killed in the middle of committing loses nothing it answered and keeps nothing by halves, on both dialects.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nextBelow, seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { rows } from '#server/db/unit.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { rmSync } from 'node:fs'
import { dialects, makeDatabasePlace } from '../../support/test-database.ts'

const kills = 6
const random = seededRandom(11)
// Beside the packages it imports, which a bundle outside the project would not find.
const program = join('dist', `test-writer-process-${process.pid}.mjs`)

beforeAll(async () => {
  await build({
    entryPoints: ['tests/server/db/writer-process.ts'],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
  })
})
afterAll(() => rmSync(program, { force: true }))

/** Starts the writer, kills it after it answered about `answers` units, and returns the ids it answered. */
function writeUntilKilled(url: string, run: string, answers: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const writer = spawn(process.execPath, [program, url, run], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    let seen = 0
    writer.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    writer.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      seen = output.split('\n').length
      if (seen > answers) writer.kill('SIGKILL')
    })
    writer.on('close', (_, signal) => {
      if (signal === 'SIGKILL') resolve(output.split('\n').slice(0, -1))
      else reject(new Error(`the writer ended by itself: ${errors}`))
    })
  })
}

describe.each(dialects)('a killed process on %s', (dialect) => {
  it('has kept every unit it answered, and only whole ones', { timeout: 60_000 }, async () => {
    await using place = await makeDatabasePlace(dialect)
    const answered: string[] = []
    for (let kill = 0; kill < kills; kill += 1)
      answered.push(...(await writeUntilKilled(place.url, `k${kill}`, 5 + nextBelow(random, 400))))

    await using database = await openDatabase({ url: place.url, clock: systemClock, random: seededRandom(1) })
    const booked = await database.read(function* (ctx) {
      const { ledgerTransfers: t } = ctx.tables
      return yield* rows(ctx.db.select({ causeId: t.causeId }).from(t))
    })

    const legs = new Map<string, number>()
    for (const { causeId } of booked) legs.set(causeId, (legs.get(causeId) ?? 0) + 1)
    expect(answered.length).toBeGreaterThan(kills * 5)
    expect(answered.filter((id) => !legs.has(id))).toEqual([])
    expect([...legs.values()].filter((count) => count !== 2)).toEqual([])
    expect((await database.read(checkLedger)).problems).toEqual([])
  })
})
