// Makes inclusion proofs. The tree of a day is built from its leaves when it is first asked for and kept for a while: published
// days never change.
import { and, asc, eq, inArray, like } from 'drizzle-orm'
import type { z } from 'zod'
import type { IncomeProof } from '#shared/contracts/http/disclosure.ts'
import type { ServerContext } from '../context.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountIdOf, ownerIdOf } from '../ledger/account-kinds.ts'
import { makeLeaf, openingOf } from './income-leaf.ts'
import { buildTree, inclusionPath, type MerkleTree } from './merkle.ts'
import { type DisclosedDay, findDay } from './publish-day.ts'

type Proof = z.input<typeof IncomeProof>
type DisclosedLine = UnitContext['tables']['disclosedLines']['$inferSelect']
type Server = Pick<ServerContext, 'database' | 'sealer'>

/** Trees kept; people ask for yesterday's. */
const keptTrees = 4

export interface Prover {
  /** The proof of a household's line, opened for the household. Refuses with disclosure.line_unpublished. */
  proveForHousehold(householdCode: string, transferId: string): Promise<Proof>
  /** Proofs of the households' parts of sale lines, not opened, and how many parts wait to be published. */
  proveSaleLines(saleLineIds: readonly string[]): Promise<{ proofs: Proof[]; waiting: number }>
}

function* readDay(ctx: UnitContext, day: string): Unit<{ day: DisclosedDay; tree: MerkleTree }> {
  const { disclosedLines: t } = ctx.tables
  const found = yield* findDay(ctx, day)
  if (found === undefined) throw new RefusalError('disclosure.day_unknown')
  const leaves = yield* rows(
    ctx.db.select({ leafHash: t.leafHash }).from(t).where(eq(t.day, day)).orderBy(asc(t.leafIndex)),
  )
  return { day: found, tree: buildTree(leaves.map(({ leafHash }) => Buffer.from(leafHash, 'hex'))) }
}

/** The transfers that credited households with parts of these sale lines. */
function* findParts({ db, tables: { ledgerTransfers: t } }: UnitContext, saleLineIds: readonly string[]) {
  const isPart = and(
    eq(t.causeKind, 'sale-line'),
    inArray(t.causeId, [...saleLineIds]),
    like(t.creditAccountId, 'household:%'),
  )
  return yield* rows(db.select({ transferId: t.id }).from(t).where(isPart))
}

function* findLines(
  { db, tables: { disclosedLines: t } }: UnitContext,
  transferIds: readonly string[],
): Unit<DisclosedLine[]> {
  if (transferIds.length === 0) return []
  return yield* rows(
    db
      .select()
      .from(t)
      .where(inArray(t.transferId, [...transferIds])),
  )
}

export function makeProver({ database, sealer }: Server): Prover {
  const trees = new Map<string, Promise<{ day: DisclosedDay; tree: MerkleTree }>>()
  const treeOf = (day: string) => {
    const known = trees.get(day)
    if (known !== undefined) return known
    const [oldest] = trees.keys()
    if (trees.size >= keptTrees && oldest !== undefined) trees.delete(oldest)
    const made = database.read((ctx) => readDay(ctx, day))
    trees.set(day, made)
    made.catch(() => trees.delete(day))
    return made
  }
  const prove = async (line: DisclosedLine): Promise<Proof> => {
    const { day, tree } = await treeOf(line.day)
    const { leafIndex, transferId, atMs, amountFen } = line
    const householdCode = ownerIdOf(line.accountId)
    return {
      format: 'huinong-income-proof-1',
      day,
      leafIndex,
      leaf: makeLeaf(sealer, { householdCode, transferId, atMs, amountFen }),
      path: inclusionPath(tree, leafIndex).map((hash) => hash.toString('hex')),
      transferId,
    }
  }
  return {
    async proveForHousehold(householdCode, transferId) {
      const accountId = accountIdOf('household', householdCode)
      const found = await database.read((ctx) => findLines(ctx, [transferId]))
      const line = found.find((one) => one.accountId === accountId)
      if (line === undefined) throw new RefusalError('disclosure.line_unpublished')
      return { ...(await prove(line)), householdCode, opening: openingOf(sealer, transferId) }
    },
    async proveSaleLines(saleLineIds) {
      if (saleLineIds.length === 0) return { proofs: [], waiting: 0 }
      const { parts, lines } = await database.read(function* (ctx) {
        const found = yield* findParts(ctx, saleLineIds)
        const ids = found.map(({ transferId }) => transferId)
        return { parts: found, lines: yield* findLines(ctx, ids) }
      })
      const proofs: Proof[] = []
      for (const line of lines) proofs.push(await prove(line))
      return { proofs, waiting: parts.length - lines.length }
    },
  }
}
