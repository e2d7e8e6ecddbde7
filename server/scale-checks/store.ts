// SQL of scale checks and certificates.
import { and, desc, eq, gt, isNotNull, isNull, lte, or } from 'drizzle-orm'
import type { z } from 'zod'
import type {
  listScaleCertificates,
  listScaleChecks,
  ScaleCertificate,
  ScaleCheck,
} from '#shared/contracts/http/scale-checks.ts'
import { behindKey, keyOfCursor, pageOfRows, type Page } from '../db/keyset.ts'
import { one, rows, type Unit, type UnitContext } from '../db/unit.ts'

export type CertificateRow = UnitContext['tables']['scaleCertificates']['$inferSelect']

/** The certificate of a cabinet that holds longest, of those not taken back; it may be past its end. */
export function* findCertificateOf(
  { db, tables: { scaleCertificates: t } }: UnitContext,
  cabinetId: string,
): Unit<CertificateRow | undefined> {
  return yield* one(
    db
      .select()
      .from(t)
      .where(and(eq(t.cabinetId, cabinetId), isNull(t.revokedAtMs)))
      .orderBy(desc(t.expiresAtMs), desc(t.certificateId))
      .limit(1),
  )
}

type CertificateQuery = z.output<(typeof listScaleCertificates)['query']>

export function* listCertificates(
  { db, tables: { scaleCertificates: t, cabinets: c }, ...ctx }: UnitContext,
  query: CertificateQuery,
): Unit<Page<z.input<typeof ScaleCertificate>>> {
  const nowMs = ctx.now()
  const valid = and(isNull(t.revokedAtMs), gt(t.expiresAtMs, nowMs))
  const ended = or(isNotNull(t.revokedAtMs), lte(t.expiresAtMs, nowMs))
  const found = yield* rows(
    db
      .select({ certificate: t, cabinetCode: c.code })
      .from(t)
      .innerJoin(c, eq(c.cabinetId, t.cabinetId))
      .where(
        and(
          behindKey([t.certificateId], keyOfCursor(query.cursor, 1), 'descending'),
          query.cabinetId === undefined ? undefined : eq(t.cabinetId, query.cabinetId),
          query.isValid === undefined ? undefined : query.isValid ? valid : ended,
        ),
      )
      .orderBy(desc(t.certificateId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ certificate }) => [certificate.certificateId],
    ({ certificate: { revokedBy: by, revokedAtMs: atMs, revokeNote, ...certificate }, cabinetCode }) => ({
      ...certificate,
      cabinetCode,
      ...(by === null || atMs === null ? {} : { revoked: { by, atMs, note: revokeNote ?? '' } }),
      isValid: atMs === null && certificate.expiresAtMs > nowMs,
    }),
  )
}

type CheckQuery = z.output<(typeof listScaleChecks)['query']>

export function* listChecks(
  { db, tables: { scaleChecks: t, cabinets: c } }: UnitContext,
  query: CheckQuery,
): Unit<Page<z.input<typeof ScaleCheck>>> {
  const found = yield* rows(
    db
      .select({ check: t, cabinetCode: c.code })
      .from(t)
      .innerJoin(c, eq(c.cabinetId, t.cabinetId))
      .where(
        and(
          behindKey([t.checkId], keyOfCursor(query.cursor, 1), 'descending'),
          query.cabinetId === undefined ? undefined : eq(t.cabinetId, query.cabinetId),
          query.laneId === undefined ? undefined : eq(t.laneId, query.laneId),
          query.isPassed === undefined ? undefined : eq(t.isPassed, query.isPassed),
        ),
      )
      .orderBy(desc(t.checkId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ check }) => [check.checkId],
    ({ check: { certificateId, note, loads, ...check }, cabinetCode }) => ({
      ...check,
      cabinetCode,
      loads: [...loads],
      ...(certificateId === null ? {} : { certificateId }),
      ...(note === null ? {} : { note }),
    }),
  )
}
