// Publishes a day: the root of the tree over its income lines, chained to the day before and anchoring the audit trail. From then
// on nobody can change, add or take away a line of that day, or cut the trail, without the published root saying so. A line that
// is booked later for a day already published goes into the next day's tree.
import { createHash } from 'node:crypto'
import { asc, desc, eq, max } from 'drizzle-orm'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'
import type { ServerContext } from '../context.ts'
import { insertRows, one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { accountIdOf } from '../ledger/account-kinds.ts'
import { dayOf, spanOfDay } from '../ledger/district-day.ts'
import { collectIncome } from './collect-income.ts'
import { type IncomeLine, leafText, makeLeaf } from './income-leaf.ts'
import { buildTree, hashLeaf, rootOf } from './merkle.ts'

const dayMs = 86_400_000
/** A day is over for the ledger this long after midnight. */
const settleMs = 3_600_000
/** How far back late lines are looked for. */
const lateDays = 31

export type DisclosedDay = UnitContext['tables']['disclosedDays']['$inferSelect']
type Server = Pick<ServerContext, 'database' | 'sealer' | 'clock'>

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** What is hashed into the chain of days; the verifying script computes the same. */
export function hashDay(day: Pick<DisclosedDay, 'day' | 'root' | 'lineCount' | 'totalFen' | 'auditHash' | 'prevHash'>) {
  const { root, lineCount, totalFen, auditHash, prevHash } = day
  return sha256(canonicalJson({ day: day.day, root, lineCount, totalFen, auditHash, prevHash }))
}

function* newestDay({ db, tables: { disclosedDays: t } }: UnitContext): Unit<DisclosedDay | undefined> {
  return yield* one(db.select().from(t).orderBy(desc(t.day)).limit(1))
}

interface AuditHead {
  readonly chainId: string
  readonly seq: number
  readonly hash: string
}

/** Over the heads of all chains of the audit trail, by chain. */
export const hashAuditHeads = (heads: readonly AuditHead[]): string => sha256(canonicalJson(heads))

function* readAuditHeads({ db, tables: { auditChains: t } }: UnitContext): Unit<AuditHead[]> {
  return yield* rows(
    db.select({ chainId: t.chainId, seq: t.headSeq, hash: t.headHash }).from(t).orderBy(asc(t.chainId)),
  )
}

/** Those of the heads that no day before holds. */
function* headsThatMoved(
  { db, tables: { disclosedAuditHeads: t } }: UnitContext,
  heads: readonly AuditHead[],
): Unit<AuditHead[]> {
  const found = yield* rows(
    db
      .select({ chainId: t.chainId, seq: max(t.seq) })
      .from(t)
      .groupBy(t.chainId),
  )
  const known = new Map(found.map(({ chainId, seq }) => [chainId, seq]))
  return heads.filter(({ chainId, seq }) => seq > (known.get(chainId) ?? 0))
}

/** The leaves in the order of their hashes, which tells nothing about households or times. */
function makeLeaves(server: Server, lines: readonly IncomeLine[]) {
  return lines
    .map((line) => ({ ...line, leafHash: hashLeaf(leafText(makeLeaf(server.sealer, line))).toString('hex') }))
    .toSorted((a, b) => (a.leafHash < b.leafHash ? -1 : 1))
}

interface OpenDay {
  readonly day: string
  readonly fromMs: number
  readonly throughMs: number
}

/** Publishes one day behind the newest; undefined when another process has published meanwhile. */
async function publishDay(
  server: Server,
  { day, fromMs, throughMs }: OpenDay,
  newest: DisclosedDay | undefined,
): Promise<DisclosedDay | undefined> {
  const lines: IncomeLine[] = []
  for await (const page of collectIncome(server.database, { fromMs, throughMs, isUndisclosed: true }))
    lines.push(...page)
  const leaves = makeLeaves(server, lines)
  const root = rootOf(buildTree(leaves.map(({ leafHash }) => Buffer.from(leafHash, 'hex')))).toString('hex')
  const totalFen = leaves.reduce((sum, { amountFen }) => sum + amountFen, 0)
  return server.database.run(function* (ctx): Unit<DisclosedDay | undefined> {
    if ((yield* newestDay(ctx))?.hash !== newest?.hash) return undefined
    const { disclosedDays, disclosedAuditHeads, disclosedLines } = ctx.tables
    const prevHash = newest?.hash ?? '0'.repeat(64)
    const heads = yield* readAuditHeads(ctx)
    const content = { day, root, lineCount: leaves.length, totalFen, auditHash: hashAuditHeads(heads), prevHash }
    const published = { ...content, hash: hashDay(content), publishedAtMs: ctx.now() }
    yield* insertRows(disclosedDays, [published])
    yield* insertRows(
      disclosedAuditHeads,
      (yield* headsThatMoved(ctx, heads)).map((head) => ({ day, ...head })),
    )
    yield* insertRows(
      disclosedLines,
      leaves.map(({ householdCode, leafHash, transferId, atMs, amountFen }, leafIndex) => {
        const accountId = accountIdOf('household', householdCode)
        return { day, leafIndex, leafHash, accountId, transferId, atMs, amountFen }
      }),
    )
    return published
  })
}

/** The day to publish next: behind the newest one, or at first yesterday with all that was booked before. */
function nextOpenDay(newest: DisclosedDay | undefined, nowMs: number): OpenDay | undefined {
  const lastMs = nowMs - settleMs - dayMs
  const newestSpan = newest === undefined ? undefined : spanOfDay(newest.day)
  const day = dayOf(newestSpan === undefined ? lastMs : newestSpan.firstMs + dayMs)
  const span = spanOfDay(day)
  if (span === undefined || day > dayOf(lastMs)) return undefined
  return { day, fromMs: newest === undefined ? 0 : span.firstMs - lateDays * dayMs, throughMs: span.lastMs }
}

/** Publishes every day that is over and not yet published; returns the days. */
export async function publishDays(server: Server): Promise<readonly string[]> {
  const published: string[] = []
  let newest = await server.database.read(newestDay)
  for (;;) {
    const open = nextOpenDay(newest, server.clock.now())
    if (open === undefined) return published
    newest = await publishDay(server, open, newest)
    if (newest === undefined) return published
    published.push(newest.day)
  }
}

export function* findDay(
  { db, tables: { disclosedDays: t } }: UnitContext,
  day: string,
): Unit<DisclosedDay | undefined> {
  return yield* one(db.select().from(t).where(eq(t.day, day)))
}
