// Enters, shows and ends benefit links, and tells whether a supplier has one that binds.
import { and, desc, eq, isNull, ne } from 'drizzle-orm'
import type { z } from 'zod'
import type { BenefitLink } from '#shared/contracts/http/benefit-links.ts'
import type { BenefitLinkTerms } from '#shared/contracts/http/catalog.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { Page, PageRequest } from '../db/keyset.ts'
import { behindKey, keyOfCursor, pageOfRows } from '../db/keyset.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findUnknownHousehold } from '../households/find-unknown-household.ts'
import { householdScope } from '../personal-data/row-scope.ts'
import type { Viewer } from '../personal-data/row-scope.ts'

export type LinkTerms = z.output<typeof BenefitLinkTerms>
type LinkView = z.input<typeof BenefitLink>

/** Refuses with household.unknown and benefit_link.not_signed (a date ahead), naming the row. The supplier exists. */
export function* signLinks(
  ctx: UnitContext,
  input: { readonly supplierId: string; readonly links: readonly LinkTerms[]; readonly byAccountId: string },
): Unit<number> {
  const { supplierId, links, byAccountId } = input
  const unknown = yield* findUnknownHousehold(
    ctx,
    links.map(({ householdCode }) => householdCode),
  )
  if (unknown !== undefined)
    throw new RefusalError('household.unknown', undefined, { field: `links.${unknown.index}.householdCode` })
  const ahead = links.findIndex(({ signedAtMs }) => signedAtMs > ctx.now())
  if (ahead >= 0) throw new RefusalError('benefit_link.not_signed', undefined, { field: `links.${ahead}.signedAtMs` })
  const signed = yield* insertRows(
    ctx.tables.benefitLinks,
    links.map(({ householdCode, kind, documentNumber, signedAtMs }) => ({
      linkId: ctx.newId(),
      supplierId,
      householdCode,
      kind,
      documentNumber,
      signedAtMs,
      enteredBy: byAccountId,
    })),
  )
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'benefit_link.signed',
    subjectId: supplierId,
    detail: { links: signed },
  })
  return signed
}

/** Whether a link binds the supplier now, apart from one. */
export function* hasLiveLink(ctx: UnitContext, supplierId: string, exceptLinkId = ''): Unit<boolean> {
  const { benefitLinks: t } = ctx.tables
  const found = yield* one(
    ctx.db
      .select({ linkId: t.linkId })
      .from(t)
      .where(and(eq(t.supplierId, supplierId), isNull(t.endedAtMs), ne(t.linkId, exceptLinkId)))
      .limit(1),
  )
  return found !== undefined
}

/** Refuses with benefit_link.unknown, and with benefit_link.last while the supplier is certified on it. */
export function* endLink(
  ctx: UnitContext,
  input: { readonly linkId: string; readonly byAccountId: string; readonly reason: string },
): Unit<void> {
  const { linkId, byAccountId, reason } = input
  const { benefitLinks: t, suppliers: s } = ctx.tables
  const link = yield* one(
    ctx.db
      .select({ supplierId: t.supplierId, isCertified: s.isCertified })
      .from(t)
      .innerJoin(s, eq(s.supplierId, t.supplierId))
      .where(and(eq(t.linkId, linkId), isNull(t.endedAtMs))),
  )
  if (link === undefined) throw new RefusalError('benefit_link.unknown')
  if (link.isCertified && !(yield* hasLiveLink(ctx, link.supplierId, linkId)))
    throw new RefusalError('benefit_link.last')
  const endedAtMs = ctx.now()
  yield* exec(ctx.db.update(t).set({ endedAtMs }).where(eq(t.linkId, linkId)))
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'benefit_link.ended',
    subjectId: linkId,
    why: reason,
    after: { endedAtMs },
  })
}

/** Links in the viewer's scope, newest first. */
export function* listLinks(
  ctx: UnitContext,
  viewer: Viewer,
  query: PageRequest & { readonly supplierId?: string | undefined; readonly householdCode?: string | undefined },
): Unit<Page<LinkView>> {
  const { benefitLinks: t, suppliers: s, households: h } = ctx.tables
  const found = yield* rows(
    ctx.db
      .select({ link: t, supplierName: s.name, headName: h.headName })
      .from(t)
      .innerJoin(s, eq(s.supplierId, t.supplierId))
      .innerJoin(h, eq(h.householdCode, t.householdCode))
      .where(
        and(
          householdScope(ctx, viewer),
          query.supplierId === undefined ? undefined : eq(t.supplierId, query.supplierId),
          query.householdCode === undefined ? undefined : eq(t.householdCode, query.householdCode),
          behindKey([t.linkId], keyOfCursor(query.cursor, 1), 'descending'),
        ),
      )
      .orderBy(desc(t.linkId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ link }) => [link.linkId],
    ({ link, ...names }) => ({ ...link, ...names, endedAtMs: link.endedAtMs ?? undefined }),
  )
}
