// A distribution over 517 members (domain.md, A12), land and capital: worked out, frozen and drafted, then booked; each the
// median of several plans on one database, SQLite with synchronous=FULL and PostgreSQL with synchronous commits.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { publishDistribution, recordResolution } from '#server/distributions/decide-distribution.ts'
import { draftDistribution } from '#server/distributions/draft-distribution.ts'
import { runDistribution } from '#server/distributions/run-distribution.ts'
import type { NewHolding } from '#server/organisations/enter-holdings.ts'
import { EmbeddedCluster } from '#tests/support/embedded-cluster.ts'
import { dayMs, memberCode, openUnion } from '#tests/support/share-union.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import type { BenchRow } from '../bench-row.ts'

const members = 517
const plans = 5
const limitMs = 5_000
const terms = {
  reserveBp: 1_000,
  welfareBp: 500,
  reinvestmentBp: 1_500,
  classes: { LAND: 7_000, CAPITAL: 3_000, BASIC: 0, COLLECTIVE: 0 },
}

/** Median time of draft and run together, ms. */
async function measure(url: string): Promise<number> {
  const clock = new TestClock()
  await using database = await openDatabase({ url, clock, random: seededRandom(1) })
  const landMilli = Array.from({ length: members }, (_, index) => 2_500 + ((index * 37) % 31) * 100)
  const more = landMilli.map((_, index): NewHolding => ({
    householdCode: memberCode(index + 1),
    kind: 'CAPITAL',
    unit: 'yuan',
    quantityMilli: 1_000_000 + index,
    sharesMilli: 1_000_000 + index,
  }))
  const startMs = clock.now()
  const organisationId = await openUnion(database, startMs, { terms, landMilli, more, balanceFen: plans * 50_000_000 })
  const times: number[] = []
  for (let plan = 0; plan < plans; plan += 1) {
    const periodFromMs = startMs - (300 - plan * 20) * dayMs
    const beganMs = systemClock.monotonicMs()
    const { planId } = await database.run((ctx) =>
      draftDistribution(
        ctx,
        {
          organisationId,
          template: 'SHARE',
          title: `分红 ${plan}`,
          periodFromMs,
          periodToMs: periodFromMs + 20 * dayMs,
          atMs: clock.now(),
          incomeFen: 50_000_000,
          lossesFen: 0,
          documentNumber: '决算',
        },
        'ann',
      ),
    )
    const draftedMs = systemClock.monotonicMs() - beganMs
    const meetingAtMs = clock.now() + 10 * dayMs
    await database.run((ctx) => publishDistribution(ctx, { planId, meetingAtMs, publishedBy: 'ann' }))
    clock.advance(10 * dayMs)
    const vote = { resolutionNumber: '1', presentCount: members, votesFor: members, votesAgainst: 0, isAdopted: true }
    await database.run((ctx) => recordResolution(ctx, planId, { ...vote, resolvedBy: 'ann' }))
    const runMs = systemClock.monotonicMs()
    await database.run((ctx) => runDistribution(ctx, planId, 'bob'))
    times.push(draftedMs + systemClock.monotonicMs() - runMs)
  }
  return times.toSorted((a, b) => a - b)[Math.floor(plans / 2)] ?? 0
}

function row(where: string, value: number): BenchRow {
  return {
    name: `Distribution over ${members} members, drafted and booked, ${where}`,
    value,
    unit: 'ms',
    limit: limitMs,
    limitName: 'limit',
    ratio: { value: value / limitMs, atMost: 1 },
  }
}

export async function benchDistribution(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'huinong-bench-distribution-'))
  const cluster = await EmbeddedCluster.start({ isDurable: true })
  try {
    const sqlite = row('SQLite', await measure(`sqlite:${join(folder, 'books.db')}`))
    return [sqlite, row('PostgreSQL', await measure(await cluster.create()))]
  } finally {
    await cluster.stop()
    rmSync(folder, { recursive: true })
  }
}
