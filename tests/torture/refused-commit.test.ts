import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { expect, inject, it } from 'vitest'
import { bundleEntry } from '../../.tools/bundle.mjs'
import { FaultShim } from './fault-shim.ts'

const sides = [
  { side: 'server', error: 'DatabaseError', query: 'SELECT login AS name FROM account' },
  { side: 'agent', error: 'DiskFullError', query: `SELECT json_extract(body, '$.alarm') AS name FROM entries` },
] as const

it.each(sides)('a commit that the $side was told has failed does not come back after a kill', async (one) => {
  const { side, error, query } = one
  const folder = join(inject('scratchFolder'), `refused-${side}`)
  mkdirSync(folder)
  using shim = FaultShim.build({ folder, under: folder, seed: 1 })
  if (shim === undefined) throw new Error('cc cannot be run: it is needed for tests')
  const program = await bundleEntry('tests/torture/refused-writer.ts')
  const file = join(folder, 'database')

  const { stdout, stderr, signal } = spawnSync(process.execPath, [program, side, file], {
    env: { ...process.env, ...shim.environment },
    encoding: 'utf8',
  })
  using db = openCopy(file)

  expect({ stdout, stderr, signal }).toEqual({ stdout: error, stderr: '', signal: 'SIGKILL' })
  expect(shim.counts.syncBefore).toBe(1)
  expect(db.names(query)).toEqual(['kept'])
})

function openCopy(file: string): Disposable & { names(query: string): string[] } {
  const db = new BetterSqlite3(file)
  return {
    names: (query) => (db.prepare(query).all() as Array<{ name: string }>).map(({ name }) => name),
    [Symbol.dispose]: () => void db.close(),
  }
}
