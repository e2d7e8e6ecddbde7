// The proof of the books, every night and whenever somebody asks: all nouns that keep money are held against the ledger, the audit
// trail against its chain, and the result is kept. What is wrong is logged as an error, counted in gauges, and told as an alert.
import { desc, isNull } from 'drizzle-orm'
import type { z } from 'zod'
import type { BooksCheck } from '#shared/contracts/http/money.ts'
import { attributionProofs } from '../attribution/check-attribution.ts'
import type { ServerContext } from '../context.ts'
import type { Database } from '../db/database.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { disclosureProofs } from '../disclosure/check-disclosure.ts'
import { proveRoots } from '../disclosure/prove-roots.ts'
import { distributionProofs } from '../distributions/check-distributions.ts'
import { incomeRollupsProof } from '../incomes/roll-up-incomes.ts'
import { payoutProofs } from '../payouts/prove-payouts.ts'
import { salesDaysProof } from '../sales/roll-up-sales.ts'
import { stockProofs } from '../stock/check-stock.ts'
import { surplusProofs } from '../surplus/check-surplus.ts'
import { writeOffProofs } from '../write-offs/check-write-offs.ts'
import { checkAudit, describeBroken } from '../audit/check-audit.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { ledgerProofs } from './check-ledger.ts'
import type { Sealer } from '../personal-data/seal.ts'
import { proveInSlices, shownProblems } from './proof.ts'
import type { Proof, ProofResult } from './proof.ts'

/** The first is the ledger's over all transfers: it tells how many there are. */
export const booksProofs: readonly Proof[] = [
  ...ledgerProofs,
  ...attributionProofs,
  ...distributionProofs,
  ...payoutProofs,
  ...writeOffProofs,
  ...stockProofs,
  ...surplusProofs,
  salesDaysProof,
  incomeRollupsProof,
  ...disclosureProofs,
]

/** All that is proven of the books but the trail; without a sealer what was published is proven as far as it can be without keys. */
export async function runProofs(
  database: Database,
  sealer: Sealer | undefined,
  signal?: AbortSignal,
): Promise<ProofResult[]> {
  const proofs = await proveInSlices(database, booksProofs, signal)
  return [...proofs, await proveRoots(database, sealer, signal)]
}

type BooksCheckRow = UnitContext['tables']['booksChecks']['$inferSelect']
type BooksCheckView = z.input<typeof BooksCheck>

function showCheck({ startedBy, ...check }: BooksCheckRow): BooksCheckView {
  return { ...check, ...(startedBy === null ? {} : { startedBy }) }
}

async function proveTrail(
  { database, metrics }: Pick<ServerContext, 'database' | 'metrics'>,
  signal: AbortSignal | undefined,
): Promise<ProofResult> {
  const { checkedRows, broken } = await checkAudit(database, () => signal?.throwIfAborted())
  metrics.auditProblems.set(broken.length)
  const problems = broken.slice(0, shownProblems).map(describeBroken)
  return { name: 'every row of the audit trail continues the one before it', checked: checkedRows, problems }
}

/** Proves the books and keeps the result. `startedBy` is the account that asked; undefined: the server itself. */
export async function proveBooks(
  {
    database,
    sealer,
    clock,
    logger,
    metrics,
  }: Pick<ServerContext, 'database' | 'sealer' | 'clock' | 'logger' | 'metrics'>,
  startedBy?: string,
  signal?: AbortSignal,
): Promise<BooksCheckView> {
  const startedAtMs = clock.now()
  const trail = await proveTrail({ database, metrics }, signal)
  const proofs = [...(await runProofs(database, sealer, signal)), trail]
  const checkedTransfers = proofs[0]?.checked ?? 0
  const problems = proofs.flatMap((proof) => proof.problems)
  const check = await database.run(function* (ctx) {
    const row = {
      checkId: ctx.newId(),
      startedAtMs,
      endedAtMs: ctx.now(),
      startedBy: startedBy ?? null,
      isSound: problems.length === 0,
      checkedTransfers,
      proofs,
    }
    yield* insertRows(ctx.tables.booksChecks, [row])
    if (startedBy !== undefined) {
      const detail = { isSound: row.isSound, checkedTransfers }
      yield* recordAudit(ctx, { accountId: startedBy, action: 'books.checked', subjectId: row.checkId, detail })
    }
    return row
  })
  if (problems.length > 0) logger.error({ problems }, 'the books are not sound')
  else logger.info({ checkedTransfers }, 'the books are sound')
  showInMetrics(metrics, check)
  return showCheck(check)
}

function showInMetrics(metrics: ServerContext['metrics'], check: Pick<BooksCheckRow, 'proofs' | 'endedAtMs'>): void {
  metrics.ledgerProblems.set(check.proofs.flatMap(({ problems }) => problems).length)
  metrics.booksCheckedAt.set(check.endedAtMs / 1_000)
}

const dayMs = 86_400_000
/** 02:00 in the district (UTC+8), when few doors are open. */
const nightlyOffsetMs = 18 * 3_600_000

/** The job: proves the books once a night, and shows what the newest proof found, also after a restart. */
export async function checkBooksNightly(ctx: ServerContext, signal: AbortSignal): Promise<void> {
  const { newest, newestNightly } = await ctx.database.read(function* ({ db, tables: { booksChecks: t } }) {
    const newestOf = (where?: ReturnType<typeof isNull>) =>
      one(db.select().from(t).where(where).orderBy(desc(t.checkId)).limit(1))
    return { newest: yield* newestOf(), newestNightly: yield* newestOf(isNull(t.startedBy)) }
  })
  if (newest !== undefined) showInMetrics(ctx.metrics, newest)
  const dueMs = Math.floor((ctx.clock.now() - nightlyOffsetMs) / dayMs) * dayMs + nightlyOffsetMs
  if (newestNightly !== undefined && newestNightly.startedAtMs >= dueMs) return
  await proveBooks(ctx, undefined, signal)
}

/** Kept checks, newest first. */
export function* listBooksChecks(ctx: UnitContext, request: PageRequest): Unit<Page<BooksCheckView>> {
  const { booksChecks: t } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(behindKey([t.checkId], keyOfCursor(request.cursor, 1), 'descending'))
      .orderBy(desc(t.checkId))
      .limit(request.limit + 1),
  )
  return pageOfRows(found, request.limit, ({ checkId }) => [checkId], showCheck)
}
