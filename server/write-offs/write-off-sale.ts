// Writes off a sale that will never be paid, in two steps by two people: what the sale gave is taken back through the same
// graph, to the channel that is owed it. A household is never debited below zero; what it has been paid is borne by a named account.
import { and, eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { refundSaleLine } from '../attribution/refund-sale-line.ts'
import { exec, insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { accountIdOf, namedAccounts } from '../ledger/account-kinds.ts'
import { balanceOf } from '../ledger/balances.ts'
import { postTransfers } from '../ledger/post-transfers.ts'
import { findOwed } from './find-owed.ts'
import type { OwedSale } from './find-owed.ts'
import type { SaleKind } from './schema.ts'

export type WriteOffRow = UnitContext['tables']['writeOffs']['$inferSelect']

export interface WriteOffProposal {
  readonly saleKind: SaleKind
  readonly saleLineId: string
  /** Whole fen, > 0, at most what is owed. */
  readonly amountFen: number
  readonly reason: string
  readonly documentNumber: string
  readonly byAccountId: string
}

/** Refuses with write_off.sale_unknown and write_off.not_owed; a line has one open proposal (request.conflict). */
export function* proposeWriteOff(ctx: UnitContext, proposal: WriteOffProposal): Unit<WriteOffRow> {
  const { byAccountId, ...what } = proposal
  yield* requireOwed(ctx, what)
  const row: WriteOffRow = {
    ...what,
    writeOffId: ctx.newId(),
    state: 'proposed',
    proposedBy: byAccountId,
    proposedAtMs: ctx.now(),
    decidedBy: null,
    decidedAtMs: null,
  }
  const { writeOffs: t } = ctx.tables
  const open = yield* one(ctx.db.select({ state: t.state }).from(t).where(isOpenFor(ctx, what.saleLineId)))
  if (open !== undefined) throw new RefusalError('request.conflict', 'A write-off of this line waits for its approval.')
  yield* insertRows(t, [row])
  const { reason: why, ...after } = what
  const action = 'write_off.proposed'
  yield* recordAudit(ctx, { accountId: byAccountId, action, subjectId: row.writeOffId, why, after })
  return row
}

/** Books it. Refuses with write_off.unknown, not_proposed, same_person and not_owed: money may have come meanwhile. */
export function* approveWriteOff(
  ctx: UnitContext,
  { writeOffId, byAccountId }: { readonly writeOffId: string; readonly byAccountId: string },
): Unit<WriteOffRow> {
  const row = yield* requireProposed(ctx, writeOffId)
  if (row.proposedBy === byAccountId) throw new RefusalError('write_off.same_person')
  const sale = yield* requireOwed(ctx, row)
  if (row.saleKind === 'cabinet') {
    const { saleLineId, amountFen, reason } = row
    yield* refundSaleLine(ctx, { refundId: writeOffId, saleLineId, amountFen, reason, causeKind: 'write-off' })
  } else yield* takeBackSurplus(ctx, row, sale)
  return yield* decide(ctx, row, 'approved', byAccountId)
}

/** Lets a proposal go. Refuses with write_off.unknown and not_proposed. */
export function* withdrawWriteOff(
  ctx: UnitContext,
  { writeOffId, byAccountId }: { readonly writeOffId: string; readonly byAccountId: string },
): Unit<WriteOffRow> {
  return yield* decide(ctx, yield* requireProposed(ctx, writeOffId), 'withdrawn', byAccountId)
}

const isOpenFor = ({ tables: { writeOffs: t } }: UnitContext, saleLineId: string) =>
  and(eq(t.saleLineId, saleLineId), eq(t.state, 'proposed'))

function* requireOwed(
  ctx: UnitContext,
  { saleKind, saleLineId, amountFen }: Pick<WriteOffRow, 'saleKind' | 'saleLineId' | 'amountFen'>,
): Unit<OwedSale> {
  const sale = yield* findOwed(ctx, saleKind, saleLineId)
  if (amountFen > sale.owedFen)
    throw new RefusalError('write_off.not_owed', undefined, { field: 'amountFen', facts: { owedFen: sale.owedFen } })
  return sale
}

function* requireProposed(ctx: UnitContext, writeOffId: string): Unit<WriteOffRow> {
  const { writeOffs: t } = ctx.tables
  const row = yield* one(ctx.db.select().from(t).where(eq(t.writeOffId, writeOffId)))
  if (row === undefined) throw new RefusalError('write_off.unknown')
  if (row.state !== 'proposed')
    throw new RefusalError('write_off.not_proposed', undefined, { facts: { state: row.state } })
  return row
}

function* takeBackSurplus(ctx: UnitContext, row: WriteOffRow, { channelAccountId, householdCode = '' }: OwedSale) {
  const debit = accountIdOf('household', householdCode)
  const takenFen = Math.min(row.amountFen, yield* balanceOf(ctx, debit))
  const borneFen = row.amountFen - takenFen
  const cause = { kind: 'write-off', id: row.writeOffId } as const
  const base = { credit: channelAccountId, cause, memo: row.reason }
  yield* postTransfers(ctx, [
    ...(takenFen > 0 ? [{ ...base, debit, amountFen: takenFen, leg: 'surplus' }] : []),
    ...(borneFen > 0 ? [{ ...base, debit: namedAccounts.salesBorne, amountFen: borneFen, leg: 'borne' }] : []),
  ])
}

function* decide(
  ctx: UnitContext,
  row: WriteOffRow,
  state: 'approved' | 'withdrawn',
  byAccountId: string,
): Unit<WriteOffRow> {
  const { writeOffs: t } = ctx.tables
  const change = { state, decidedBy: byAccountId, decidedAtMs: ctx.now() } as const
  const isOpen = and(eq(t.writeOffId, row.writeOffId), eq(t.state, 'proposed'))
  if ((yield* exec(ctx.db.update(t).set(change).where(isOpen))) === 0) throw new RefusalError('request.conflict')
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: `write_off.${state}`,
    subjectId: row.writeOffId,
    why: row.reason,
    before: { state: 'proposed' },
    after: { state, amountFen: row.amountFen },
  })
  return { ...row, ...change }
}
