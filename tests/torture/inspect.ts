// What is left of a town when the faults have stopped: the simulation's invariants over the same files, and what people were told.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { systemRandom } from '#shared/ids/random.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { checkAudit } from '#server/audit/check-audit.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { booksProofs } from '#server/ledger/check-books.ts'
import { proveInSlices } from '#server/ledger/proof.ts'
import { isAcknowledged, isServerAtRest } from '#tests/simulation/fleet/at-rest.ts'
import { checkAfterwards } from '#tests/simulation/fleet/final-invariants.ts'
import { checkKeys, findDisobedient } from '#tests/simulation/fleet/key-invariants.ts'
import { countWrongBills } from '#tests/simulation/fleet/outcomes.ts'
import type { Checked } from '#tests/simulation/fleet/standing-invariants.ts'
import type { People } from './people.ts'
import type { Town } from './town.ts'

/** Longer than the patience of an unlock that nobody answered, and of a link that has waited longest between two attempts. */
const restMs = 180_000
const lookMs = 500
/** What is asked whether the server is at rest. */
const restTables = [
  'cabinetCommands',
  'cabinetStatuses',
  'cabinetTwins',
  'commandKeyLists',
  'shoppingSessions',
] as const
/** A cabinet may say something more between two looks at it. */
const attempts = 5

/** Waits until everything has come to rest, then looks at all of it; what is broken goes to `town.fail`. */
export async function inspectTown(town: Town, people: People, folder: string): Promise<void> {
  const scratch = mkdtempSync(join(folder, 'look-'))
  try {
    if (!(await awaitRest(town, scratch))) town.fail('the town does not come to rest')
    for (let attempt = 1; ; attempt += 1) {
      for (const cabinet of town.cabinets) cabinet.copyJournal(scratch)
      if (!(await town.backend.refresh())) throw new Error('the database went away after the town had come to rest')
      const problems = look(town, people)
      if (problems.length > 0 && attempt < attempts) await delay(systemClock, 2_000)
      else {
        for (const problem of problems) town.fail(problem)
        return
      }
    }
  } finally {
    for (const cabinet of town.cabinets) cabinet.closeJournal()
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function awaitRest(town: Town, scratch: string): Promise<boolean> {
  const untilMs = systemClock.monotonicMs() + restMs
  while (systemClock.monotonicMs() < untilMs) {
    await delay(systemClock, lookMs)
    if (!town.servers.every(({ isRunning }) => isRunning) || !(await town.backend.refresh(restTables))) continue
    if (!town.backend.file.look(isServerAtRest) || findDisobedient(town).length > 0) continue
    const isWaiting = town.cabinets.some((cabinet) => {
      const journal = cabinet.copyJournal(scratch)
      return !cabinet.agent.isRunning || journal === undefined || !isAcknowledged(journal)
    })
    if (!isWaiting) return true
  }
  return false
}

function look(town: Town, people: People): string[] {
  const problems: string[] = []
  const fail = (problem: string) => problems.push(problem)
  const { backend, cabinets, passes, pulsed } = town
  const checked: Checked = { backend, cabinets, passes, pulsed, fail }
  checkAfterwards(checked, people.truths)
  checkKeys({ backend, cabinets, fail })
  for (const { code, boards, journal } of cabinets) {
    const query = 'SELECT count(*) AS n FROM sessions WHERE opening IS NOT NULL'
    const begun = journal?.prepare(query).get() as { n: number } | undefined
    if (boards.unlockPulses > (begun?.n ?? 0))
      fail(`${code} fired its lock ${boards.unlockPulses} times for ${begun?.n ?? 0} sessions with an opening on disk`)
  }
  backend.file.look((db) => {
    const byId = db.prepare('SELECT 1 FROM shopping_session WHERE session_id = ?')
    for (const sessionId of people.promised)
      if (byId.get(sessionId) === undefined) fail(`session ${sessionId} was answered and is not there`)
    const byIntent = db.prepare(
      'SELECT session_id AS id FROM shopping_session WHERE account_id = ? AND idempotency_key = ?',
    )
    for (const { accountId, idempotencyKey } of people.refused) {
      const found = byIntent.get(accountId, idempotencyKey) as { id: string } | undefined
      if (found !== undefined) fail(`intent ${idempotencyKey} was refused and is there as session ${found.id}`)
    }
  })
  return problems
}

/** The product's own proofs over what the server has left; it must not run any more. */
export async function proveTown(town: Town): Promise<void> {
  await using database = await openDatabase({ url: town.backend.url, clock: systemClock, random: systemRandom })
  for (const { name, problems } of await proveInSlices(database, booksProofs))
    for (const problem of problems) town.fail(`${name}: ${problem}`)
  const { broken } = await checkAudit(database)
  for (const { chainId, problem } of broken) town.fail(`audit chain ${chainId}: ${problem}`)
}

/** What there was, for the last lines. */
export function countTown(town: Town, people: People): Readonly<Record<string, number>> {
  const { settled, over, under } = countWrongBills(town, people.truths)
  return town.backend.file.look((db) => {
    const count = (sql: string) => (db.prepare(sql).get() as { n: number }).n
    return {
      sessions: count('SELECT count(*) AS n FROM shopping_session'),
      journalEntries: count('SELECT count(*) AS n FROM journal_entry'),
      transfers: count('SELECT count(*) AS n FROM ledger_transfer'),
      commands: count('SELECT count(*) AS n FROM cabinet_command'),
      settledBills: settled,
      linesOver: over,
      linesUnder: under,
    }
  })
}
