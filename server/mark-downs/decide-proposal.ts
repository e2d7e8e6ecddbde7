// A person takes a proposal of the ladder up, and the goods move, or lets it go.
import { and, eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import type { Effect } from '../context.ts'
import { exec, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordLoss } from '../stock/record-loss.ts'
import { transferStock } from '../stock/transfer-stock.ts'

export type ProposalRow = UnitContext['tables']['ladderProposals']['$inferSelect']

export interface Decision {
  readonly proposalId: string
  /** Of a donation: who is given the goods. */
  readonly recipient?: string | undefined
  readonly note: string
  readonly by: string
}

/** Refuses with mark_down.proposal_unknown, proposal_decided, and what the transfer or the donation is refused with. */
export function* acceptProposal(
  ctx: UnitContext,
  { proposalId, recipient, note, by }: Decision,
): Unit<{ readonly proposal: ProposalRow; readonly effects: readonly Effect[] }> {
  const proposal = yield* requireOpen(ctx, proposalId)
  const { kind, lotId, units, cabinetId, laneId, toCabinetId, toLaneId } = proposal
  const from = { cabinetId, laneId }
  const { effects } =
    kind === 'transfer'
      ? yield* transferStock(ctx, {
          lotId,
          from,
          to: { cabinetId: toCabinetId ?? '', laneId: toLaneId ?? '' },
          units,
          reason: note,
          by,
          causeId: proposalId,
        })
      : yield* recordLoss(ctx, {
          kind: 'donation',
          lotId,
          lane: from,
          isFromDifference: false,
          units,
          bearer: { kind: 'operator' },
          recipient,
          reason: note,
          by,
        })
  return { proposal: yield* decide(ctx, proposal, 'accepted', note, by), effects }
}

/** Refuses with mark_down.proposal_unknown and proposal_decided. */
export function* dismissProposal(ctx: UnitContext, { proposalId, note, by }: Decision): Unit<ProposalRow> {
  return yield* decide(ctx, yield* requireOpen(ctx, proposalId), 'dismissed', note, by)
}

function* requireOpen({ db, tables: { ladderProposals: t } }: UnitContext, proposalId: string): Unit<ProposalRow> {
  const found = yield* one(db.select().from(t).where(eq(t.proposalId, proposalId)))
  if (found === undefined) throw new RefusalError('mark_down.proposal_unknown')
  if (found.state !== 'open')
    throw new RefusalError('mark_down.proposal_decided', undefined, { facts: { state: found.state } })
  return found
}

function* decide(
  ctx: UnitContext,
  proposal: ProposalRow,
  state: 'accepted' | 'dismissed',
  note: string,
  by: string,
): Unit<ProposalRow> {
  const { ladderProposals: t } = ctx.tables
  const change = { state, decidedBy: by, decidedAtMs: ctx.now(), note }
  const isOpen = and(eq(t.proposalId, proposal.proposalId), eq(t.state, 'open'))
  if ((yield* exec(ctx.db.update(t).set(change).where(isOpen))) === 0) throw new RefusalError('request.conflict')
  const action = `ladder.${state}`
  const { kind, units } = proposal
  yield* recordAudit(ctx, {
    accountId: by,
    action,
    subjectId: proposal.proposalId,
    why: note,
    detail: { kind, units },
  })
  return { ...proposal, ...change }
}
