// Takes an import of a register back: what it began leaves the register as if it had never stood there, what it ended goes on. The
// rows stay on record with the import. Nothing that was built on it since is touched: then it refuses, and names the household.
import { and, asc, desc, eq, gt, gte, inArray, isNull, or } from 'drizzle-orm'
import type { z } from 'zod'
import type { RegisterImport } from '#shared/contracts/http/organisations.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { exec, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { namesOfPeople } from '../identity/people-names.ts'

/** Values named in one statement; both dialects bind far more. */
const valuesPerStatement = 500

type ImportRow = UnitContext['tables']['registerImports']['$inferSelect']
type EffectRow = UnitContext['tables']['registerImportRows']['$inferSelect']
type ImportView = z.input<typeof RegisterImport>

function* inParts<T>(all: readonly T[], work: (part: T[]) => Unit<number>): Unit<number> {
  let done = 0
  for (let from = 0; from < all.length; from += valuesPerStatement)
    done += yield* work(all.slice(from, from + valuesPerStatement))
  return done
}

const builtUpon = (householdCode: string | null) =>
  new RefusalError(
    'organisation.import_built_upon',
    `the register of ${householdCode ?? 'the organisation'} was changed since`,
  )

/**
 * Refuses with organisation.import_unknown, organisation.import_reversed and, where a membership or holding of the import was ended
 * or built upon since, organisation.import_built_upon.
 */
export function* reverseRegisterImport(
  ctx: UnitContext,
  input: {
    readonly organisationId: string
    readonly importId: string
    readonly byAccountId: string
    readonly reason: string
  },
): Unit<ImportView> {
  const { organisationId, importId, byAccountId, reason } = input
  const { registerImports: i, registerImportRows: w } = ctx.tables
  const original = yield* one(
    ctx.db
      .select()
      .from(i)
      .where(and(eq(i.importId, importId), eq(i.organisationId, organisationId))),
  )
  if (original === undefined) throw new RefusalError('organisation.import_unknown')
  if (original.reversedBy !== null) throw new RefusalError('organisation.import_reversed')
  const effects = yield* rows(ctx.db.select().from(w).where(eq(w.importId, importId)).orderBy(asc(w.ordinal)))
  const began = effects.filter(({ effect }) => effect === 'began')
  if (original.register === 'members') yield* removeMembers(ctx, original, began)
  else
    yield* removeHoldings(
      ctx,
      original,
      began,
      effects.filter(({ effect }) => effect === 'ended'),
    )
  const reversal = { reversedBy: byAccountId, reversedAtMs: ctx.now(), reason }
  yield* exec(ctx.db.update(i).set(reversal).where(eq(i.importId, importId)))
  const { register, fromMs, beganCount, endedCount } = original
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'organisation.register_import_reversed',
    subjectId: organisationId,
    why: reason,
    before: { register, fromMs, beganCount, endedCount },
    detail: { importId },
  })
  return showImport({ ...original, ...reversal })
}

function* removeMembers(
  ctx: UnitContext,
  { organisationId, fromMs }: ImportRow,
  began: readonly EffectRow[],
): Unit<void> {
  const { organisationMembers: m, shareHoldings: h } = ctx.tables
  const codes = began.flatMap(({ householdCode }) => householdCode ?? [])
  for (let from = 0; from < codes.length; from += valuesPerStatement) {
    const part = codes.slice(from, from + valuesPerStatement)
    const held = yield* one(
      ctx.db
        .select({ householdCode: h.householdCode })
        .from(h)
        .where(
          and(
            eq(h.organisationId, organisationId),
            inArray(h.householdCode, part),
            or(gte(h.fromMs, fromMs), gt(h.toMs, fromMs), isNull(h.toMs)),
          ),
        )
        .limit(1),
    )
    if (held !== undefined) throw builtUpon(held.householdCode)
    const isBegun = and(
      eq(m.organisationId, organisationId),
      eq(m.fromMs, fromMs),
      isNull(m.toMs),
      inArray(m.householdCode, part),
    )
    const removed = yield* exec(ctx.db.delete(m).where(isBegun))
    if (removed !== part.length) throw builtUpon(part[0] ?? null)
  }
}

function* removeHoldings(
  ctx: UnitContext,
  { fromMs }: ImportRow,
  began: readonly EffectRow[],
  ended: readonly EffectRow[],
): Unit<void> {
  const { shareHoldings: h } = ctx.tables
  const idsOf = (effects: readonly EffectRow[]) => effects.flatMap(({ holdingId }) => holdingId ?? [])
  const removed = yield* inParts(idsOf(began), (ids) =>
    exec(ctx.db.delete(h).where(and(inArray(h.holdingId, ids), isNull(h.toMs)))),
  )
  if (removed !== began.length) throw builtUpon(began[0]?.householdCode ?? null)
  const opened = yield* inParts(idsOf(ended), (ids) =>
    exec(
      ctx.db
        .update(h)
        .set({ toMs: null })
        .where(and(inArray(h.holdingId, ids), eq(h.toMs, fromMs))),
    ),
  )
  if (opened !== ended.length) throw builtUpon(ended[0]?.householdCode ?? null)
}

function showImport({ reversedBy, reversedAtMs, reason, ...row }: ImportRow): ImportView {
  if (reversedBy === null || reversedAtMs === null || reason === null) return row
  return { ...row, reversal: { reversedBy, reversedAtMs, reason } }
}

/** Imports of an organisation's registers, newest first. */
export function* listRegisterImports(
  ctx: UnitContext,
  organisationId: string,
  request: PageRequest,
): Unit<Page<ImportView>> {
  const { registerImports: i } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select()
      .from(i)
      .where(
        and(
          eq(i.organisationId, organisationId),
          behindKey([i.importId], keyOfCursor(request.cursor, 1), 'descending'),
        ),
      )
      .orderBy(desc(i.importId))
      .limit(request.limit + 1),
  )
  const people = yield* namesOfPeople(
    ctx,
    found.map(({ importedBy }) => importedBy),
  )
  return pageOfRows(
    found,
    request.limit,
    (row) => [row.importId],
    (row) => ({ ...showImport(row), importedByName: people.get(row.importedBy) }),
  )
}
