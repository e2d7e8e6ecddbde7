// The share register: land, capital and the rest, quantified into shares (domain.md, A13). A change ends the holding that was
// and begins another; nothing is overwritten, so that any past day can be looked at.
import { and, eq, gt, inArray, isNull } from 'drizzle-orm'
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
function findHoldingProblem(holding: NewHolding): Pick<HoldingFault, 'field' | 'message'> | undefined {
  const { householdCode, kind, unit } = holding
  if ((kind === 'COLLECTIVE') !== (householdCode === undefined))
    return {
      field: 'householdCode',
      message: kind === 'COLLECTIVE' ? 'COLLECTIVE shares have no household' : `${kind} shares need a household`,
    }
  if (unit !== unitOfKind[kind]) return { field: 'unit', message: `${kind} is measured in ${unitOfKind[kind]}` }
  return undefined
}

export function* enterHoldings(ctx: UnitContext, input: HoldingsInput): Unit<HoldingsEntered> {
  const { begun, ended } = yield* setHoldings(ctx, input)
  return { begun: begun.length, ended: ended.length, unchanged: input.holdings.length - begun.length }
}

/**
 * Sets holdings from `fromMs` on, all or none: what is held like this already stays, what is held otherwise ends then.
 * Refuses with organisation.holding_wrong, organisation.member_unknown and organisation.date_wrong, naming the row.
 */
export function* setHoldings(
  ctx: UnitContext,
  input: HoldingsInput,
): Unit<{ readonly begun: readonly HoldingRow[]; readonly ended: readonly HoldingRow[] }> {
  const { organisationId, fromMs, holdings } = input
  yield* requireOrganisation(ctx, organisationId)
  if (fromMs > ctx.now())
    throw new RefusalError('organisation.date_wrong', 'A holding begins today or earlier.', { field: 'fromMs' })
  const held = yield* openHoldings(ctx, organisationId)
  const [fault] = yield* findFaults(ctx, input, held)
  if (fault !== undefined)
    throw new RefusalError(fault.code, `row ${fault.index + 1}: ${fault.message}`, {
      field: ['holdings', fault.index, ...(fault.field === undefined ? [] : [fault.field])].join('.'),
    })
  const ended: HoldingRow[] = []
  const begun: HoldingRow[] = []
  for (const holding of holdings) {
    const { householdCode = null, kind, quantityMilli, unit, sharesMilli } = holding
    const earlier = held.get(keyOf(holding))
    if (isSameHolding(earlier, holding)) continue
    if (earlier !== undefined) ended.push(earlier)
    const holdingId = ctx.newId()
    begun.push({ holdingId, organisationId, householdCode, kind, quantityMilli, unit, sharesMilli, fromMs, toMs: null })
  }
  const endedIds = ended.map(({ holdingId }) => holdingId)
  yield* endHoldings(ctx, endedIds, fromMs)
  yield* insertRows(ctx.tables.shareHoldings, begun)
  return { begun, ended }
}

const isSameHolding = (earlier: HoldingRow | undefined, { quantityMilli, sharesMilli }: NewHolding) =>
  earlier?.quantityMilli === quantityMilli && earlier.sharesMilli === sharesMilli

/** Why one row of a share register cannot be entered. */
export interface HoldingFault {
  /** In the list, from 0. */
  readonly index: number
  readonly code: 'organisation.holding_wrong' | 'organisation.member_unknown' | 'organisation.date_wrong'
  /** Of the holding; undefined when it is the row as a whole. */
  readonly field?: 'householdCode' | 'unit'
  readonly message: string
}

export interface HoldingsInput {
  readonly organisationId: Id
  readonly fromMs: number
  readonly holdings: readonly NewHolding[]
}

/** Every row that cannot be entered, in the list's order, at most one fault each. */
export function* findHoldingFaults(ctx: UnitContext, input: HoldingsInput): Unit<HoldingFault[]> {
  return yield* findFaults(ctx, input, yield* openHoldings(ctx, input.organisationId))
}

function* findFaults(
  ctx: UnitContext,
  { organisationId, fromMs, holdings }: HoldingsInput,
  held: ReadonlyMap<string, HoldingRow>,
): Unit<HoldingFault[]> {
  const codes = holdings.flatMap(({ householdCode }) => (householdCode === undefined ? [] : [householdCode]))
  const members = yield* currentMembers(ctx, organisationId, [...new Set(codes)])
  const heldLater = yield* endedAfter(ctx, organisationId, fromMs)
  const seen = new Set<string>()
  return holdings.flatMap((holding, index): HoldingFault[] => {
    const key = keyOf(holding)
    const problem = findHoldingProblem(holding)
    if (problem !== undefined) return [{ index, code: 'organisation.holding_wrong', ...problem }]
    if (seen.has(key)) return [{ index, code: 'organisation.holding_wrong', message: 'repeats a household and kind' }]
    seen.add(key)
    const { householdCode } = holding
    const memberFromMs = householdCode === undefined ? Number.NEGATIVE_INFINITY : members.get(householdCode)
    if (memberFromMs === undefined) {
      const message = `${householdCode ?? ''} is no member`
      return [{ index, code: 'organisation.member_unknown', field: 'householdCode', message }]
    }
    const earlier = held.get(key)
    if (memberFromMs > fromMs && !isSameHolding(earlier, holding))
      return [
        { index, code: 'organisation.date_wrong', message: `${householdCode ?? ''} was no member yet on that day` },
      ]
    if (earlier !== undefined && earlier.fromMs >= fromMs && !isSameHolding(earlier, holding))
      return [{ index, code: 'organisation.date_wrong', message: 'a later holding is registered' }]
    // Both would count on a day between.
    if (heldLater.has(key) && !isSameHolding(earlier, holding))
      return [{ index, code: 'organisation.date_wrong', message: 'an earlier holding ended after that day' }]
    return []
  })
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

/** Keys of what was held still at some time after an instant, and is held no more. */
function* endedAfter(ctx: UnitContext, organisationId: string, fromMs: number): Unit<Set<string>> {
  const { shareHoldings: t } = ctx.tables
  const found = yield* rows(
    ctx.db
      .selectDistinct({ householdCode: t.householdCode, kind: t.kind })
      .from(t)
      .where(and(eq(t.organisationId, organisationId), gt(t.toMs, fromMs))),
  )
  return new Set(found.map(keyOf))
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
