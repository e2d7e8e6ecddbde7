// Proofs of the books, each a slice of rows at a time: between slices others get at the database, so that looking at millions
// of rows keeps nobody waiting. Every slice is true in itself at the moment it is read (a transfer and its entries, an account
// and its entries commit together), so all slices being sound proves the whole although the books grow meanwhile.
import { and, asc } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Database } from '../db/database.ts'
import { countRows } from '../db/expressions.ts'
import { behindKey, throughKey } from '../db/keyset.ts'
import type { KeyPart } from '../db/keyset.ts'
import { one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'

type Key = readonly KeyPart[]

interface ProofSlice {
  /** Rows looked at. */
  readonly checked: number
  /** Each a sentence that names the row at fault. */
  readonly problems: readonly string[]
  /** The key of the slice's last row; undefined when there are no more. */
  readonly after: Key | undefined
}

export interface Proof {
  /** What holds when nothing is found, as a sentence. */
  readonly name: string
  slice(ctx: UnitContext, after: Key | undefined): Unit<ProofSlice>
}

export interface ProofResult {
  readonly name: string
  readonly checked: number
  /** At most `shownProblems`; a proof that has found so many looks no further. */
  readonly problems: string[]
}

export const shownProblems = 20

/** Most rows that a slice looks at, unless its rows are dear. */
const rowsPerSlice = 2_000

/** A table's rows in the order of their key, some at a time, with the search for wrong ones among them. */
interface SlicedTable {
  readonly name: string
  readonly rowsPerSlice?: number
  /** The table and its key, in the order of an index. */
  from(ctx: UnitContext): { readonly table: PgTable; readonly key: readonly PgColumn[] }
  /** Sentences about wrong rows within the bounds, at most `shownProblems`. */
  findWrong(ctx: UnitContext, within: SQL | undefined): Unit<readonly string[]>
}

export function proofOver(sliced: SlicedTable): Proof {
  return {
    name: sliced.name,
    *slice(ctx, after) {
      const { table, key } = sliced.from(ctx)
      const behind = behindKey(key, after, 'ascending')
      const size = sliced.rowsPerSlice ?? rowsPerSlice
      const columns = Object.fromEntries(key.map((column, place) => [place, column]))
      const last = yield* one(
        ctx.db
          .select(columns)
          .from(table)
          .where(behind)
          .orderBy(...key.map((column) => asc(column)))
          .limit(1)
          .offset(size - 1),
      )
      if (last === undefined) {
        const rest = yield* one(ctx.db.select({ count: countRows() }).from(table).where(behind))
        return { checked: rest?.count ?? 0, problems: yield* sliced.findWrong(ctx, behind), after: undefined }
      }
      const end = key.map((_, place) => last[place] as KeyPart)
      return { checked: size, problems: yield* sliced.findWrong(ctx, and(behind, throughKey(key, end))), after: end }
    },
  }
}

class Gathered {
  readonly name: string
  checked = 0
  readonly problems: string[] = []

  constructor(name: string) {
    this.name = name
  }

  /** Takes a slice in; returns where to go on, or undefined at the end. */
  add({ checked, problems, after }: ProofSlice): Key | undefined {
    this.checked += checked
    this.problems.push(...problems.slice(0, shownProblems - this.problems.length))
    return this.problems.length < shownProblems ? after : undefined
  }

  get result(): ProofResult {
    return { name: this.name, checked: this.checked, problems: this.problems }
  }
}

/** Runs proofs over one snapshot, in the caller's unit. */
export function* proveAtOnce(ctx: UnitContext, proofs: readonly Proof[]): Unit<ProofResult[]> {
  const results: ProofResult[] = []
  for (const proof of proofs) {
    const gathered = new Gathered(proof.name)
    let after: Key | undefined
    do after = gathered.add(yield* proof.slice(ctx, after))
    while (after !== undefined)
    results.push(gathered.result)
  }
  return results
}

/** Runs proofs slice by slice, letting others work between. Rejects with the signal's reason when that aborts first. */
export async function proveInSlices(
  database: Database,
  proofs: readonly Proof[],
  signal?: AbortSignal,
): Promise<ProofResult[]> {
  const results: ProofResult[] = []
  for (const proof of proofs) {
    const gathered = new Gathered(proof.name)
    let after: Key | undefined
    do {
      signal?.throwIfAborted()
      const from: Key | undefined = after
      after = gathered.add(await database.read((ctx) => proof.slice(ctx, from)))
      await new Promise<void>((resolve) => setImmediate(resolve))
    } while (after !== undefined)
    results.push(gathered.result)
  }
  return results
}
