// Charters: drafted by one person, approved by another, then fixed for ever. A charter holds from its effective instant until
// a later one of the same organisation does; what was distributed before keeps its own.
import { and, asc, desc, eq, gte, lte } from 'drizzle-orm'
import { firstFreeInstant } from '#shared/time/free-instant.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findCharterProblem } from './rules.ts'
import type { CharterTerms } from './rules.ts'
import { requireOrganisation } from './require-organisation.ts'
import type { CharterRow } from './store.ts'

export interface CharterDraft {
  readonly organisationId: string
  readonly terms: CharterTerms
  /** Epoch ms. */
  readonly effectiveFromMs: number
  readonly note: string
  /** Account of the person. */
  readonly preparedBy: string
}

/** Adds a draft as the organisation's next version. Refuses with organisation.unknown and organisation.charter_invalid. */
export function* draftCharter(ctx: UnitContext, draft: CharterDraft): Unit<CharterRow> {
  const { organisationId, terms, effectiveFromMs, note, preparedBy } = draft
  const { legalType } = yield* requireOrganisation(ctx, organisationId)
  const problem = findCharterProblem(legalType, terms)
  if (problem !== undefined)
    throw new RefusalError('organisation.charter_invalid', problem.message, { field: `terms.${problem.field}` })
  const { charters: t } = ctx.tables
  const newest = yield* one(
    ctx.db
      .select({ version: t.version })
      .from(t)
      .where(eq(t.organisationId, organisationId))
      .orderBy(desc(t.version))
      .limit(1),
  )
  const { classes, second } = terms
  const charter: CharterRow = {
    charterId: ctx.newId(),
    organisationId,
    version: (newest?.version ?? 0) + 1,
    state: 'draft',
    effectiveFromMs,
    reserveBp: terms.reserveBp,
    welfareBp: terms.welfareBp,
    reinvestmentBp: terms.reinvestmentBp,
    landBp: classes?.LAND ?? null,
    capitalBp: classes?.CAPITAL ?? null,
    basicBp: classes?.BASIC ?? null,
    collectiveBp: classes?.COLLECTIVE ?? null,
    patronageBp: terms.patronageBp ?? null,
    guaranteeFenPerMu: terms.guaranteeFenPerMu ?? null,
    secondBp: second?.rateBp ?? null,
    secondSplit: second?.split ?? null,
    note,
    preparedBy,
    preparedAtMs: ctx.now(),
    approvedBy: null,
    approvedAtMs: null,
  }
  yield* insertRows(t, [charter])
  return charter
}

/**
 * Puts a draft in force from its effective instant, at the earliest from now; only an organisation's first charter may reach
 * back. One approved for the very instant of another takes its place a millisecond later. Refuses with organisation.charter_not_draft and organisation.charter_same_person.
 */
export function* approveCharter(ctx: UnitContext, charterId: string, approvedBy: string): Unit<CharterRow> {
  const { charters: t } = ctx.tables
  const charter = yield* one(ctx.db.select().from(t).where(eq(t.charterId, charterId)))
  if (charter?.state !== 'draft') throw new RefusalError('organisation.charter_not_draft')
  if (charter.preparedBy === approvedBy) throw new RefusalError('organisation.charter_same_person')
  const approvedAtMs = ctx.now()
  const earlier = yield* findCharterInForce(ctx, charter.organisationId, Number.MAX_SAFE_INTEGER)
  const fromMs = earlier === undefined ? charter.effectiveFromMs : Math.max(charter.effectiveFromMs, approvedAtMs)
  const isOwn = eq(t.organisationId, charter.organisationId)
  const taken = yield* rows(
    ctx.db
      .select({ fromMs: t.effectiveFromMs })
      .from(t)
      .where(and(isOwn, eq(t.state, 'approved'), gte(t.effectiveFromMs, fromMs)))
      .orderBy(asc(t.effectiveFromMs)),
  )
  const effectiveFromMs = firstFreeInstant(
    fromMs,
    taken.map((row) => row.fromMs),
  )
  const change = { state: 'approved' as const, approvedBy, approvedAtMs, effectiveFromMs }
  yield* exec(ctx.db.update(t).set(change).where(eq(t.charterId, charterId)))
  return { ...charter, ...change }
}

/** The charter in force at an instant; undefined when none was. */
export function* findCharterInForce(
  { db, tables: { charters: t } }: UnitContext,
  organisationId: string,
  atMs: number,
): Unit<CharterRow | undefined> {
  return yield* one(
    db
      .select()
      .from(t)
      .where(and(eq(t.organisationId, organisationId), eq(t.state, 'approved'), lte(t.effectiveFromMs, atMs)))
      .orderBy(desc(t.effectiveFromMs))
      .limit(1),
  )
}

/** What a charter's row decides. */
export function termsOf(charter: CharterRow): CharterTerms {
  const { reserveBp, welfareBp, reinvestmentBp, landBp, secondBp, secondSplit } = charter
  return {
    reserveBp,
    welfareBp,
    reinvestmentBp,
    // The four are written together.
    classes:
      landBp === null
        ? undefined
        : {
            LAND: landBp,
            CAPITAL: charter.capitalBp ?? 0,
            BASIC: charter.basicBp ?? 0,
            COLLECTIVE: charter.collectiveBp ?? 0,
          },
    patronageBp: charter.patronageBp ?? undefined,
    guaranteeFenPerMu: charter.guaranteeFenPerMu ?? undefined,
    second: secondBp === null || secondSplit === null ? undefined : { rateBp: secondBp, split: secondSplit },
  }
}
