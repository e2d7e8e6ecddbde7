// Proves that every approved write-off is booked as it says, and no other. Reads only; part of the nightly self-check. What a
// cabinet's line gave and each part of it is proved with the attribution.
import { and, eq, sql } from 'drizzle-orm'
import { rows } from '../db/unit.ts'
import { proofOver, shownProblems } from '../ledger/proof.ts'
import type { Proof } from '../ledger/proof.ts'

const writeOffsAreBooked = proofOver({
  name: 'every write-off is booked as it says',
  from: ({ tables: { writeOffs: w } }) => ({ table: w, key: [w.writeOffId] }),
  *findWrong({ db, tables: { writeOffs: w, ledgerTransfers: t } }, within) {
    // ';' follows ':' in byte order: the range of the cause's transfers.
    const isOfCause = sql`${t.id} >= 'write-off:' || ${w.writeOffId} || ':' and ${t.id} < 'write-off:' || ${w.writeOffId} || ';'`
    const bookedFen = sql`(select coalesce(sum(${t.amountFen}), 0) from ${t} where ${isOfCause})`
    const wrong = yield* rows(
      db
        .select({ writeOffId: w.writeOffId })
        .from(w)
        .where(and(within, sql`${bookedFen} <> case ${w.state} when 'approved' then ${w.amountFen} else 0 end`))
        .limit(shownProblems),
    )
    return wrong.map(({ writeOffId }) => `write-off ${writeOffId} is not booked as it says`)
  },
})

const recoveriesAreBooked = proofOver({
  name: 'every recovery of a write-off is booked as it says, and no more than was written off',
  from: ({ tables: { writeOffRecoveries: r } }) => ({ table: r, key: [r.recoveryId] }),
  *findWrong({ db, tables: { writeOffRecoveries: r, writeOffs: w, ledgerTransfers: t } }, within) {
    const isOfCause = sql`${t.id} >= 'write-off-recovery:' || ${r.recoveryId} || ':' and ${t.id} < 'write-off-recovery:' || ${r.recoveryId} || ';'`
    const bookedFen = sql`(select coalesce(sum(${t.amountFen}), 0) from ${t} where ${isOfCause})`
    const allFen = sql`(select sum(o.amount_fen) from write_off_recovery o where o.write_off_id = ${r.writeOffId})`
    const wrong = yield* rows(
      db
        .select({ recoveryId: r.recoveryId })
        .from(r)
        .innerJoin(w, eq(w.writeOffId, r.writeOffId))
        .where(and(within, sql`(${bookedFen} <> ${r.amountFen} or ${allFen} > ${w.amountFen})`))
        .limit(shownProblems),
    )
    return wrong.map(({ recoveryId }) => `recovery ${recoveryId} of a write-off is not booked as it says`)
  },
})

export const writeOffProofs: readonly Proof[] = [writeOffsAreBooked, recoveriesAreBooked]
