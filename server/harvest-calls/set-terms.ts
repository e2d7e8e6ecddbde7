// The terms of a SKU's calls, and who is in its rotation.
import { and, eq, inArray, isNotNull, isNull } from 'drizzle-orm'
import type { z } from 'zod'
import type { putHarvestTerms } from '#shared/contracts/http/harvest-calls.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { findSkusById, findSuppliersById } from '../catalog/find-goods.ts'
import { exec, insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findUnknownHousehold } from '../households/find-unknown-household.ts'
import { callForSku } from './call-next.ts'
import { findTerms } from './store.ts'

type TermsInput = z.output<(typeof putHarvestTerms)['body']> & { readonly skuId: string; readonly byAccountId: string }

/** Refuses with catalog.sku_unknown, catalog.supplier_unknown, harvest_terms.stale and harvest_terms.wrong. */
export function* setTerms(ctx: UnitContext, input: TermsInput): Unit<void> {
  const { skuId, expectedVersion, byAccountId, ...terms } = input
  if (!(yield* findSkusById(ctx, [skuId])).has(skuId))
    throw new RefusalError('catalog.sku_unknown', undefined, { field: 'skuId' })
  if (!(yield* findSuppliersById(ctx, [terms.supplierId])).has(terms.supplierId))
    throw new RefusalError('catalog.supplier_unknown', undefined, { field: 'supplierId' })
  if (terms.minUnitsPerCall > Math.min(terms.maxUnitsPerCall, terms.capUnits))
    throw new RefusalError('harvest_terms.wrong', undefined, { field: 'minUnitsPerCall' })
  const before = yield* findTerms(ctx, skuId)
  if ((before?.version ?? 0) !== expectedVersion)
    throw new RefusalError('harvest_terms.stale', undefined, { field: 'expectedVersion' })
  const version = expectedVersion + 1
  yield* insertRows(ctx.tables.harvestTerms, [{ skuId, version, ...terms, setBy: byAccountId, setAtMs: ctx.now() }])
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'harvest_terms.set',
    subjectId: skuId,
    ...(before === undefined ? {} : { before: { ...before } }),
    after: { version, ...terms },
  })
  yield* callForSku(ctx, skuId)
}

/** Households named in one statement. */
const maxNames = 500

/** Who is in the rotation already keeps the place; who comes back gets the old one. Refuses with household.unknown. */
export function* admitMembers(
  ctx: UnitContext,
  input: { readonly skuId: string; readonly householdCodes: readonly string[]; readonly byAccountId: string },
): Unit<number> {
  const { skuId, byAccountId } = input
  if ((yield* findTerms(ctx, skuId)) === undefined) throw new RefusalError('harvest_terms.unknown')
  const unknown = yield* findUnknownHousehold(ctx, input.householdCodes)
  if (unknown !== undefined)
    throw new RefusalError('household.unknown', `household ${unknown.householdCode} is not registered`, {
      field: `householdCodes.${unknown.index}`,
    })
  const { harvestMembers: m } = ctx.tables
  const codes = [...new Set(input.householdCodes)]
  const joinedAtMs = ctx.now()
  const fresh = codes.map((householdCode) => ({ skuId, householdCode, joinedAtMs, calls: 0 }))
  let admitted = yield* insertRows(m, fresh, 'ignore')
  for (let from = 0; from < codes.length; from += maxNames) {
    const isBack = and(
      eq(m.skuId, skuId),
      isNotNull(m.leftAtMs),
      inArray(m.householdCode, codes.slice(from, from + maxNames)),
    )
    const back = yield* rows(ctx.db.select({ code: m.householdCode }).from(m).where(isBack))
    yield* exec(ctx.db.update(m).set({ leftAtMs: null }).where(isBack))
    admitted += back.length
  }
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'harvest_terms.members_admitted',
    subjectId: skuId,
    detail: { householdCodes: codes, admitted },
  })
  yield* callForSku(ctx, skuId)
  return admitted
}

/** Refuses with harvest_terms.member_unknown. */
export function* dismissMember(
  ctx: UnitContext,
  input: {
    readonly skuId: string
    readonly householdCode: string
    readonly reason: string
    readonly byAccountId: string
  },
): Unit<void> {
  const { skuId, householdCode, reason, byAccountId } = input
  const { harvestMembers: m } = ctx.tables
  const isMember = and(eq(m.skuId, skuId), eq(m.householdCode, householdCode), isNull(m.leftAtMs))
  const left = yield* exec(ctx.db.update(m).set({ leftAtMs: ctx.now() }).where(isMember))
  if (left === 0) throw new RefusalError('harvest_terms.member_unknown')
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'harvest_terms.member_dismissed',
    subjectId: skuId,
    why: reason,
    detail: { householdCode },
  })
}
