// A payment that comes after its sale was written off is booked the way the write-off went: from the channel, whose credit it is,
// to whoever lost by it, each in proportion to what is not back yet. Within a part the payee comes before the account that bore
// what the payee had been paid already. What has not come cannot be recovered.
import { eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { AccountId } from '../ledger/account-kinds.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import type { Transfer } from '../ledger/post-transfers.ts'
import { transfersOf } from '../ledger/transfers-of.ts'
import { findArrived } from './find-owed.ts'
import { giveBack, inOrderOfParts, isBorne, partOf } from './rules.ts'
import type { Giving, Loss } from './rules.ts'
import type { WriteOffRow } from './write-off-sale.ts'

export type RecoveryRow = UnitContext['tables']['writeOffRecoveries']['$inferSelect']

export interface Recovery {
  readonly writeOffId: string
  /** Whole fen, > 0, at most what is written off and not back, and what has come. */
  readonly amountFen: number
  readonly reason: string
  readonly documentNumber: string
  readonly byAccountId: string
}

/** Refuses with write_off.unknown, write_off.not_approved and write_off.not_arrived. */
export function* recoverWriteOff(ctx: UnitContext, recovery: Recovery): Unit<RecoveryRow> {
  const { writeOffId, amountFen, reason, documentNumber, byAccountId } = recovery
  const writeOff = yield* requireApproved(ctx, writeOffId)
  const { channel, losses } = yield* findLosses(ctx, writeOffId)
  const leftFen = losses.reduce((sum, loss) => sum + loss.leftFen, 0)
  const arrivedFen = yield* findArrived(ctx, writeOff.saleKind, writeOff.saleLineId)
  if (amountFen > Math.min(leftFen, arrivedFen))
    throw new RefusalError('write_off.not_arrived', undefined, { field: 'amountFen', facts: { leftFen, arrivedFen } })
  const row: RecoveryRow = {
    recoveryId: ctx.newId(),
    writeOffId,
    amountFen,
    reason,
    documentNumber,
    bookedBy: byAccountId,
    atMs: ctx.now(),
  }
  const givings = giveBack(losses, amountFen)
  const cause = { kind: 'write-off-recovery', id: row.recoveryId } as const
  yield* postTransfers(
    ctx,
    givings.map(({ loss, fen }): Transfer => ({
      debit: channel,
      credit: loss.accountId,
      amountFen: fen,
      cause,
      leg: loss.leg,
      memo: reason,
    })),
  )
  yield* insertRows(ctx.tables.writeOffRecoveries, [row])
  if (writeOff.saleKind === 'cabinet') yield* keepParts(ctx, writeOff, row, givings)
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'write_off.recovered',
    subjectId: writeOffId,
    why: reason,
    after: { recoveryId: row.recoveryId, amountFen, documentNumber, leftFen: leftFen - amountFen },
  })
  return row
}

function* requireApproved({ db, tables: { writeOffs: t } }: UnitContext, writeOffId: string): Unit<WriteOffRow> {
  const row = yield* one(db.select().from(t).where(eq(t.writeOffId, writeOffId)))
  if (row === undefined) throw new RefusalError('write_off.unknown')
  if (row.state !== 'approved')
    throw new RefusalError('write_off.not_approved', undefined, { facts: { state: row.state } })
  return row
}

/** In the order of parts, of each the payee's loss before what was borne. */
function* findLosses(ctx: UnitContext, writeOffId: string): Unit<{ channel: AccountId; losses: Loss[] }> {
  const { writeOffRecoveries: r } = ctx.tables
  const taken = yield* transfersOf(ctx, { kind: 'write-off', id: writeOffId })
  const [first] = taken
  if (first === undefined) throw new Error(`write-off ${writeOffId} is approved and not booked`)
  const backFen = new Map<string, number>()
  for (const { recoveryId } of yield* rows(ctx.db.select().from(r).where(eq(r.writeOffId, writeOffId))))
    for (const { leg, amountFen } of yield* transfersOf(ctx, { kind: 'write-off-recovery', id: recoveryId }))
      backFen.set(leg, (backFen.get(leg) ?? 0) + amountFen)
  const losses = taken.map(({ leg, debitAccountId, amountFen }) => ({
    leg,
    accountId: debitAccountId as AccountId,
    leftFen: amountFen - (backFen.get(leg) ?? 0),
  }))
  return { channel: first.creditAccountId as AccountId, losses: inOrderOfParts(losses) }
}

/** The line has that much more again: negative parts, so that every sum over what was taken back is right by itself. */
function* keepParts(
  ctx: UnitContext,
  { saleLineId }: WriteOffRow,
  { recoveryId, atMs }: RecoveryRow,
  givings: readonly Giving[],
): Unit<void> {
  const ordinals = [...new Set(givings.map(({ loss }) => partOf(loss.leg)))]
  const fenOf = (ordinal: string, wantsBorne: boolean) =>
    givings
      .filter(({ loss }) => partOf(loss.leg) === ordinal && isBorne(loss.leg) === wantsBorne)
      .reduce((sum, { fen }) => sum + fen, 0)
  yield* insertRows(
    ctx.tables.refundedParts,
    ordinals.map((ordinal) => ({
      refundId: recoveryId,
      causeKind: 'write-off-recovery' as const,
      saleLineId,
      ordinal: Number(ordinal),
      takenFen: 0 - fenOf(ordinal, false),
      borneFen: 0 - fenOf(ordinal, true),
      atMs,
    })),
  )
}
