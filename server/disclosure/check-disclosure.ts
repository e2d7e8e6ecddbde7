// Holds ledger and audit trail against what was published of them: who changes a posting or a row of the trail, with whatever cache
// and chain belongs to it, does not change the days that are out. Part of the nightly self-check.
import { and, asc, desc, eq, lt, lte, max, sql } from 'drizzle-orm'
import { countRows, sumOf } from '../db/expressions.ts'
import { one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { proofOver, shownProblems } from '../ledger/proof.ts'
import type { Proof } from '../ledger/proof.ts'
import { hashAuditHeads, hashDay } from './publish-day.ts'
import type { DisclosedDay } from './publish-day.ts'

const linesAreBooked = proofOver({
  name: 'every published line of income stands in the ledger as it was published',
  from: ({ tables: { disclosedLines: d } }) => ({ table: d, key: [d.day, d.leafIndex] }),
  *findWrong({ db, tables: { disclosedLines: d, ledgerEntries: e } }, within) {
    const isEntry = and(eq(e.accountId, d.accountId), eq(e.atMs, d.atMs), eq(e.transferId, d.transferId))
    const wrong = yield* rows(
      db
        .select({ day: d.day, leafIndex: d.leafIndex, transferId: d.transferId })
        .from(d)
        .leftJoin(e, isEntry)
        .where(and(within, sql`coalesce(${e.amountFen}, 0) <> ${d.amountFen}`))
        .limit(shownProblems),
    )
    return wrong.map(
      ({ day, leafIndex, transferId }) =>
        `${transferId} is not booked as it was published for ${day}, leaf ${leafIndex}`,
    )
  },
})

const trailIsAsPublished = proofOver({
  name: 'the audit trail goes on from what was published of it',
  from: ({ tables: { disclosedAuditHeads: h } }) => ({ table: h, key: [h.day, h.chainId] }),
  *findWrong({ db, tables: { disclosedAuditHeads: h, auditRows: r } }, within) {
    const wrong = yield* rows(
      db
        .select({ day: h.day, chainId: h.chainId, seq: h.seq })
        .from(h)
        .leftJoin(r, and(eq(r.chainId, h.chainId), eq(r.seq, h.seq)))
        .where(and(within, sql`coalesce(${r.hash}, '') <> ${h.hash}`))
        .limit(shownProblems),
    )
    return wrong.map(({ day, chainId, seq }) => `chain ${chainId}, row ${seq} is not what was published for ${day}`)
  },
})

const daysHold = proofOver({
  name: 'every published day continues the one before it and sums its lines',
  rowsPerSlice: 20,
  from: ({ tables: { disclosedDays: d } }) => ({ table: d, key: [d.day] }),
  *findWrong(ctx, within) {
    const { disclosedDays: d } = ctx.tables
    const problems: string[] = []
    for (const day of yield* rows(ctx.db.select().from(d).where(within).orderBy(asc(d.day)))) {
      const problem = yield* findProblem(ctx, day)
      if (problem !== undefined) problems.push(`the day ${day.day} ${problem}`)
    }
    return problems
  },
})

function* findProblem(ctx: UnitContext, day: DisclosedDay): Unit<string | undefined> {
  const { disclosedDays: d, disclosedLines: l } = ctx.tables
  if (hashDay(day) !== day.hash) return 'does not have the hash it says'
  const before = yield* one(
    ctx.db.select({ hash: d.hash }).from(d).where(lt(d.day, day.day)).orderBy(desc(d.day)).limit(1),
  )
  if (before !== undefined && before.hash !== day.prevHash) return 'does not continue the day before it'
  const lines = yield* one(
    ctx.db
      .select({ count: countRows(), totalFen: sumOf(l.amountFen) })
      .from(l)
      .where(eq(l.day, day.day)),
  )
  if (lines?.count !== day.lineCount || lines.totalFen !== day.totalFen) return 'does not have the lines it says'
  const auditHash = yield* hashHeadsOf(ctx, day.day)
  return auditHash === undefined || auditHash === day.auditHash ? undefined : 'has other heads of the audit trail'
}

/** What the published heads come to; undefined of days before such were kept. */
function* hashHeadsOf({ db, tables: { disclosedAuditHeads: h } }: UnitContext, day: string): Unit<string | undefined> {
  const ends = db
    .select({ chainId: h.chainId, seq: max(h.seq).as('last_seq') })
    .from(h)
    .where(lte(h.day, day))
    .groupBy(h.chainId)
    .as('ends')
  const heads = yield* rows(
    db
      .select({ chainId: h.chainId, seq: h.seq, hash: h.hash })
      .from(h)
      .innerJoin(ends, and(eq(ends.chainId, h.chainId), eq(ends.seq, h.seq)))
      .orderBy(asc(h.chainId)),
  )
  return heads.length === 0 ? undefined : hashAuditHeads(heads)
}

export const disclosureProofs: readonly Proof[] = [linesAreBooked, trailIsAsPublished, daysHold]
