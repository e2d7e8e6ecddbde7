// Proves the trail: follows every chain from its start to its head and names, per chain, the first row that is wrong.
import { and, asc, eq, gt } from 'drizzle-orm'
import { countRows } from '../db/expressions.ts'
import type { Database } from '../db/database.ts'
import { one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { type BrokenRow, type ChainHead, followChain, startOfChain } from './chain.ts'

export interface AuditCheck {
  readonly checkedRows: number
  readonly checkedChains: number
  /** Where chains break, the first place of each. */
  readonly broken: readonly BrokenRow[]
}

const pageRows = 2_000

/** Chains by id, those included that have rows and no head any more. */
function* listChains(ctx: UnitContext): Unit<Map<string, ChainHead | undefined>> {
  const { auditChains: c, auditRows: r } = ctx.tables
  const heads = yield* rows(ctx.db.select().from(c))
  const seen = yield* rows(ctx.db.selectDistinct({ chainId: r.chainId }).from(r))
  return new Map([
    ...seen.map(({ chainId }) => [chainId, undefined] as const),
    ...heads.map(({ chainId, headSeq, headHash }) => [chainId, { seq: headSeq, hash: headHash }] as const),
  ])
}

function* countAuditRows({ db, tables: { auditRows } }: UnitContext): Unit<number> {
  return (yield* one(db.select({ count: countRows() }).from(auditRows)))?.count ?? 0
}

function* readPage({ db, tables: { auditRows: r } }: UnitContext, chainId: string, after: number) {
  return yield* rows(
    db
      .select()
      .from(r)
      .where(and(eq(r.chainId, chainId), gt(r.seq, after)))
      .orderBy(asc(r.seq))
      .limit(pageRows),
  )
}

/**
 * Checks one chain in pages, letting others work between; rows written meanwhile are beyond the head that was read and are left for the
 * next time.
 */
async function checkChain(
  database: Database,
  chainId: string,
  head: ChainHead | undefined,
  onRows: (count: number) => void,
): Promise<BrokenRow | undefined> {
  let at = startOfChain(chainId)
  while (head === undefined || at.seq < head.seq) {
    const { seq } = at
    const page = await database.read((ctx) => readPage(ctx, chainId, seq))
    const within = head === undefined ? page : page.filter((row) => row.seq <= head.seq)
    if (within.length === 0) break
    const followed = followChain(at, within)
    if ('problem' in followed) return followed
    at = followed
    onRows(within.length)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  const broken = (problem: string) => ({ chainId, seq: at.seq + 1, auditId: undefined, problem })
  if (head === undefined) return broken('the chain’s head is missing')
  if (at.seq < head.seq) return broken(`the chain goes on to ${head.seq}, its rows end before`)
  if (at.hash !== head.hash) return broken('the chain’s head is not the hash of its last row')
  const stray = await database.read((ctx) => findBeyondHead(ctx, chainId))
  return stray === undefined ? undefined : { chainId, ...stray, problem: 'the row stands beyond the chain’s head' }
}

/** A row and the head that goes on to it commit together. */
function* findBeyondHead({ db, tables: { auditRows: r, auditChains: c } }: UnitContext, chainId: string) {
  return yield* one(
    db
      .select({ seq: r.seq, auditId: r.auditId })
      .from(r)
      .innerJoin(c, eq(c.chainId, r.chainId))
      .where(and(eq(r.chainId, chainId), gt(r.seq, c.headSeq)))
      .orderBy(asc(r.seq))
      .limit(1),
  )
}

/** What is wrong, as a sentence that names the row. */
export function describeBroken({ chainId, seq, auditId, problem }: BrokenRow): string {
  return `chain ${chainId}, row ${seq}${auditId === undefined ? '' : ` (${auditId})`}: ${problem}`
}

/** Rejects with what `progress` throws. */
export async function checkAudit(
  database: Database,
  progress: (done: number, total: number) => void = () => {},
): Promise<AuditCheck> {
  const total = await database.read(countAuditRows)
  const chains = await database.read(listChains)
  let checkedRows = 0
  const broken: BrokenRow[] = []
  for (const [chainId, head] of chains) {
    const found = await checkChain(database, chainId, head, (count) => {
      checkedRows += count
      progress(checkedRows, Math.max(total, checkedRows))
    })
    if (found !== undefined) broken.push(found)
  }
  return { checkedRows, checkedChains: chains.size, broken }
}
