// Builds the published roots again: every leaf from the line that stands behind it, every root from its leaves. Who changes a line,
// a leaf or a root of a day that is out is found by day and leaf. Part of the nightly self-check; without the data key, as for a
// backup, the leaves are taken as they are kept.
import { and, asc, eq } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { behindKey } from '../db/keyset.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'
import { ownerIdOf } from '../ledger/account-kinds.ts'
import { shownProblems, type ProofResult } from '../ledger/proof.ts'
import type { Sealer } from '../personal-data/seal.ts'
import { leafText, makeLeaf } from './income-leaf.ts'
import { hashLeaf, RunningRoot } from './merkle.ts'
import type { DisclosedDay } from './publish-day.ts'

type DisclosedLine = UnitContext['tables']['disclosedLines']['$inferSelect']

/** Few enough that their hashes keep nobody waiting. */
const rowsPerPage = 500

function* readDays({ db, tables: { disclosedDays: t } }: UnitContext, after: string | undefined): Unit<DisclosedDay[]> {
  const key = after === undefined ? undefined : [after]
  return yield* rows(
    db
      .select()
      .from(t)
      .where(behindKey([t.day], key, 'ascending'))
      .orderBy(asc(t.day))
      .limit(rowsPerPage),
  )
}

function* readLines(
  { db, tables: { disclosedLines: t } }: UnitContext,
  day: string,
  after: number | undefined,
): Unit<DisclosedLine[]> {
  const key = after === undefined ? undefined : [after]
  return yield* rows(
    db
      .select()
      .from(t)
      .where(and(eq(t.day, day), behindKey([t.leafIndex], key, 'ascending')))
      .orderBy(asc(t.leafIndex))
      .limit(rowsPerPage),
  )
}

/** A day's leaves as they come, held against their lines and in the end against the root. */
class DayCheck {
  readonly problems: string[] = []
  checked = 0
  readonly #day: DisclosedDay
  readonly #sealer: Sealer | undefined
  readonly #root = new RunningRoot()
  #before = ''
  #disordered: number | undefined

  constructor(day: DisclosedDay, sealer: Sealer | undefined) {
    this.#day = day
    this.#sealer = sealer
  }

  add(line: DisclosedLine): void {
    const { leafIndex, leafHash, transferId } = line
    for (; this.checked < leafIndex && this.problems.length < shownProblems; this.checked += 1)
      this.#tell(`leaf ${this.checked} is missing`)
    this.checked = leafIndex + 1
    if (this.#sealer !== undefined && hashOf(this.#sealer, line) !== leafHash)
      this.#tell(`leaf ${leafIndex} is not that of its line, ${transferId}`)
    // Published in the order of their hashes: one that was forged with its line stands elsewhere.
    if (leafHash <= this.#before) this.#disordered ??= leafIndex
    this.#before = leafHash
    this.#root.add(Buffer.from(leafHash, 'hex'))
  }

  end(): void {
    if (this.checked < this.#day.lineCount) this.#tell(`leaf ${this.checked} is missing`)
    if (this.#root.root.toString('hex') === this.#day.root) return
    const index = this.#disordered
    const where = index === undefined ? '' : `: leaf ${index} or the one before it was not published so`
    this.#tell(`its leaves do not give its root${where}`)
  }

  #tell(problem: string): void {
    this.problems.push(`the day ${this.#day.day}: ${problem}`)
  }
}

function hashOf(sealer: Sealer, { accountId, transferId, atMs, amountFen }: DisclosedLine): string {
  const householdCode = ownerIdOf(accountId)
  return hashLeaf(leafText(makeLeaf(sealer, { householdCode, transferId, atMs, amountFen }))).toString('hex')
}

async function checkDay(database: Database, check: DayCheck, day: string, signal: AbortSignal | undefined) {
  let after: number | undefined
  for (;;) {
    signal?.throwIfAborted()
    const from: number | undefined = after
    const lines = await database.read((ctx) => readLines(ctx, day, from))
    for (const line of lines) check.add(line)
    after = lines.at(-1)?.leafIndex
    if (lines.length < rowsPerPage) return check.end()
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

/** Rejects with the signal's reason when that aborts first. */
export async function proveRoots(
  database: Database,
  sealer: Sealer | undefined,
  signal?: AbortSignal,
): Promise<ProofResult> {
  const result = {
    name: 'every published root is that of its leaves, and every leaf that of its line',
    checked: 0,
    problems: [] as string[],
  }
  let after: string | undefined
  for (;;) {
    const from: string | undefined = after
    const days = await database.read((ctx) => readDays(ctx, from))
    for (const day of days) {
      const check = new DayCheck(day, sealer)
      await checkDay(database, check, day.day, signal)
      result.checked += check.checked
      result.problems.push(...check.problems.slice(0, shownProblems - result.problems.length))
      if (result.problems.length >= shownProblems) return result
    }
    after = days.at(-1)?.day
    if (days.length < rowsPerPage) return result
  }
}
