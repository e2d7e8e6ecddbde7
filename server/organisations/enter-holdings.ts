// The share register: land, capital and the rest, quantified into shares (domain.md, A13). A change ends the holding that was
// and begins another; nothing is overwritten, so that any past day can be looked at.
import { and, eq, inArray, isNull } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { currentMembers } from './change-members.ts'
import { unitOfKind } from './rules.ts'
import type { ShareKind, ShareUnit } from './schema.ts'
import { requireOrganisation } from './require-organisation.ts'
import type { HoldingRow } from './store.ts'

export interface NewHolding {
  /** Undefined: the organisation itself, of COLLECTIVE shares. */
  readonly householdCode?: string | undefined
  readonly kind: ShareKind
  /** Thousandths of the unit, > 0. */
  readonly quantityMilli: number
  readonly unit: ShareUnit
  /** Thousandths of a share, > 0. */
  readonly sharesMilli: number
}

export interface HoldingsEntered {
  readonly begun: number
  readonly ended: number
  readonly unchanged: number
}

/** Ids in one statement; both dialects bind far more. */
const idsPerStatement = 500

const keyOf = (holding: { readonly householdCode?: string | null | undefined; readonly kind: ShareKind }) =>
  `${holding.householdCode ?? ''} ${holding.kind}`

/** What is wrong with one row, as field and sentence; undefined when nothing is. */
export function findHoldingProblem(holding: NewHolding): { field: string; message: string } | undefined {
  const { householdCode, kind, unit } = holding
  if ((kind === 'COLLECTIVE') !== (householdCode === undefined))
    return {
      field: 'householdCode',
      message: kind === 'COLLECTIVE' ? 'COLLECTIVE shares have no household' : `${kind} shares need a household`,
    }
  if (unit !== unitOfKind[kind]) return { field: 'unit', message: `${kind} is measured in ${unitOfKind[kind]}` }
  return undefined
}

/**
 * Sets holdings from `fromMs` on, all or none: what is held like this already stays, what is held otherwise ends then.
 * Refuses with organisation.holding_wrong, organisation.member_unknown and organisation.date_wrong, naming the row.
 */
export function* enterHoldings(
  ctx: UnitContext,
  input: { readonly organisationId: Id; readonly fromMs: number; readonly holdings: readonly NewHolding[] },
): Unit<HoldingsEntered> {
  const { organisationId, fromMs, holdings } = input
  yield* requireOrganisation(ctx, organisationId)
  if (fromMs > ctx.now())
    throw new RefusalError('organisation.date_wrong', 'A holding begins today or earlier.', { field: 'fromMs' })
  yield* requireGoodRows(ctx, organisationId, holdings)
  const held = yield* openHoldings(ctx, organisationId)
  const ended: string[] = []
  const begun: Array<typeof ctx.tables.shareHoldings.$inferInsert> = []
  for (const [index, holding] of holdings.entries()) {
    const { householdCode, kind, quantityMilli, unit, sharesMilli } = holding
    const earlier = held.get(keyOf(holding))
    if (earlier?.quantityMilli === quantityMilli && earlier.sharesMilli === sharesMilli) continue
    if (earlier !== undefined) {
      if (earlier.fromMs >= fromMs)
        throw new RefusalError('organisation.date_wrong', `row ${index + 1}: a later holding is registered`, {
          field: `holdings.${index}`,
        })
      ended.push(earlier.holdingId)
    }
    const holdingId = ctx.newId()
    begun.push({ holdingId, organisationId, householdCode, kind, quantityMilli, unit, sharesMilli, fromMs, toMs: null })
  }
  yield* endHoldings(ctx, ended, fromMs)
  yield* insertRows(ctx.tables.shareHoldings, begun)
  return { begun: begun.length, ended: ended.length, unchanged: holdings.length - begun.length }
}

function* requireGoodRows(ctx: UnitContext, organisationId: string, holdings: readonly NewHolding[]): Unit<void> {
  const codes = holdings.flatMap(({ householdCode }) => (householdCode === undefined ? [] : [householdCode]))
  const members = yield* currentMembers(ctx, organisationId, [...new Set(codes)])
  const seen = new Set<string>()
  for (const [index, holding] of holdings.entries()) {
    const field = `holdings.${index}`
    const problem = findHoldingProblem(holding)
    if (problem !== undefined)
      throw new RefusalError('organisation.holding_wrong', `row ${index + 1}: ${problem.message}`, {
        field: `${field}.${problem.field}`,
      })
    if (seen.has(keyOf(holding)))
      throw new RefusalError('organisation.holding_wrong', `row ${index + 1} repeats a household and kind`, { field })
    seen.add(keyOf(holding))
    if (holding.householdCode !== undefined && !members.has(holding.householdCode))
      throw new RefusalError('organisation.member_unknown', `row ${index + 1} names ${holding.householdCode}`, {
        field: `${field}.householdCode`,
      })
  }
}

function* openHoldings(ctx: UnitContext, organisationId: string): Unit<Map<string, HoldingRow>> {
  const { shareHoldings: t } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(t)
      .where(and(eq(t.organisationId, organisationId), isNull(t.toMs))),
  )
  return new Map(found.map((row) => [keyOf(row), row]))
}

function* endHoldings(ctx: UnitContext, holdingIds: readonly string[], toMs: number): Unit<void> {
  const { shareHoldings: t } = ctx.tables
  for (let from = 0; from < holdingIds.length; from += idsPerStatement) {
    const ids = holdingIds.slice(from, from + idsPerStatement)
    yield* exec(ctx.db.update(t).set({ toMs }).where(inArray(t.holdingId, ids)))
  }
}

/** Ends one holding without another in its place. Refuses with organisation.holding_unknown and organisation.date_wrong. */
export function* endHolding(
  ctx: UnitContext,
  input: { readonly organisationId: Id; readonly holdingId: Id; readonly toMs: number },
): Unit<HoldingRow> {
  const { organisationId, holdingId, toMs } = input
  const { shareHoldings: t } = ctx.tables
  const holding = yield* one(
    ctx.db
      .select()
      .from(t)
      .where(and(eq(t.organisationId, organisationId), eq(t.holdingId, holdingId))),
  )
  if (holding === undefined || holding.toMs !== null) throw new RefusalError('organisation.holding_unknown')
  if (toMs <= holding.fromMs || toMs > ctx.now())
    throw new RefusalError('organisation.date_wrong', 'A holding ends after it began, and not in the future.', {
      field: 'toMs',
    })
  yield* endHoldings(ctx, [holdingId], toMs)
  return { ...holding, toMs }
}
