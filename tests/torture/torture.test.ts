// The benches of `npm run torture`, for seconds instead of an hour: what they can show, they must show in every run.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { canLimitMemory } from '#tests/support/memory-group.ts'
import { hasMosquitto } from '#tests/support/mosquitto.ts'
import { canMountSmallDisk } from '#tests/support/small-disk.ts'
import type { BenchOptions, BenchResult } from './bench.ts'
import { tortureByFullDisk } from './disk.ts'
import { tortureByFaults } from './faults.ts'
import { tortureByKills } from './kills.ts'
import { tortureByMemory } from './memory.ts'
import { Namespaces } from './namespaces.ts'
import { tortureByNetwork } from './network.ts'

const timeoutMs = 400_000

async function torture(
  bench: (options: BenchOptions) => Promise<BenchResult>,
  count: number,
): Promise<BenchResult & { readonly lines: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'huinong-torture-'))
  const lines: string[] = []
  try {
    const result = await bench({ seed: 3, count, cabinets: 2, folder, say: (line) => lines.push(line) })
    return { ...result, lines }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('real processes', () => {
  it('keep every promise when they are killed at any instant', { timeout: timeoutMs }, async () => {
    const { violations, counts } = await torture(tortureByKills, 6)

    expect(violations).toEqual([])
    expect((counts['killsOfServer'] ?? 0) + (counts['killsOfAgents'] ?? 0)).toBeGreaterThanOrEqual(6)
  })

  it.skipIf(!hasMosquitto)(
    'keep every promise when they are several over one PostgreSQL, and all are killed',
    { timeout: timeoutMs },
    async () => {
      const bench = (options: BenchOptions) => tortureByKills({ ...options, isOnPostgres: true, servers: 2 })
      const { violations, lines } = await torture(bench, 5)

      expect(violations).toEqual([])
      expect(lines).toHaveLength(1)
    },
  )

  it.skipIf(Namespaces.findObstacle() !== undefined)(
    'keep every promise when their cables are cut, also the one to PostgreSQL',
    { timeout: timeoutMs },
    async () => {
      const bench = (options: BenchOptions) => tortureByNetwork({ ...options, isOnPostgres: true, longestMs: 4_000 })
      const { violations, lines } = await torture(bench, 5)

      expect(violations).toEqual([])
      expect(lines).toHaveLength(1)
    },
  )

  it.skipIf(!canMountSmallDisk())('keep every promise when their disks are full', { timeout: timeoutMs }, async () => {
    const { violations, counts } = await torture(tortureByFullDisk, 3)

    expect(violations).toEqual([])
    expect((counts['serverFull'] ?? 0) + (counts['agentFull'] ?? 0)).toBe(3)
  })

  it.skipIf(!canLimitMemory())('keep every promise when memory runs out', { timeout: timeoutMs }, async () => {
    const { violations, counts } = await torture(tortureByMemory, 3)

    expect(violations).toEqual([])
    expect((counts['endsOfServer'] ?? 0) + (counts['endsOfAgents'] ?? 0)).toBeGreaterThanOrEqual(3)
  })

  it('keep every promise when their writes and syncs fail', { timeout: timeoutMs }, async () => {
    const { violations, counts } = await torture((options) => tortureByFaults({ ...options, calmMs: 2_000 }), 25)

    expect(violations).toEqual([])
    expect(counts['calls']).toBeGreaterThan(25)
  })
})
