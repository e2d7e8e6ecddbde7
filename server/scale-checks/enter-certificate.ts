// Verification certificates: what a cabinet may sell by weight hangs on the one that holds longest. It goes to the cabinet with
// its configuration, so that the cabinet refuses by itself, and without the server, once it has ended (weighing.md, rule 7).
import { and, eq, isNull } from 'drizzle-orm'
import type { z } from 'zod'
import type { enterScaleCertificate } from '#shared/contracts/http/scale-checks.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { changeConfig, findTwin } from '../cabinets/change-twin.ts'
import type { Effect } from '../context.ts'
import { exec, insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findCertificateOf } from './store.ts'

interface Person {
  readonly accountId: string
  readonly name: string
}

export type CertificateInput = z.output<(typeof enterScaleCertificate)['body']> & {
  readonly cabinetId: string
  readonly by: Person
}

/** Refuses with cabinet.unknown, scale_certificate.date_wrong and scale_certificate.number_taken. */
export function* enterCertificate(
  ctx: UnitContext,
  { cabinetId, by, ...entered }: CertificateInput,
): Unit<{ readonly certificateId: string; readonly effects: readonly Effect[] }> {
  const { scaleCertificates: t } = ctx.tables
  yield* findTwin(ctx, cabinetId)
  const nowMs = ctx.now()
  if (entered.verifiedAtMs > nowMs)
    throw new RefusalError('scale_certificate.date_wrong', undefined, { field: 'verifiedAtMs' })
  if (entered.expiresAtMs <= Math.max(nowMs, entered.verifiedAtMs))
    throw new RefusalError('scale_certificate.date_wrong', undefined, { field: 'expiresAtMs' })
  const { certificateNumber } = entered
  const taken = yield* one(
    ctx.db.select({ id: t.certificateId }).from(t).where(eq(t.certificateNumber, certificateNumber)),
  )
  if (taken !== undefined)
    throw new RefusalError('scale_certificate.number_taken', undefined, { field: 'certificateNumber' })
  const certificateId = ctx.newId()
  yield* insertRows(t, [{ ...entered, certificateId, cabinetId, enteredBy: by.accountId, enteredAtMs: nowMs }])
  yield* recordAudit(ctx, {
    accountId: by.accountId,
    action: 'scale_certificate.entered',
    subjectId: cabinetId,
    after: { certificateId, ...entered },
  })
  return { certificateId, effects: yield* tellCabinet(ctx, cabinetId, by.name) }
}

/** Refuses with scale_certificate.unknown and scale_certificate.revoked. */
export function* revokeCertificate(
  ctx: UnitContext,
  { certificateId, note, by }: { readonly certificateId: string; readonly note: string; readonly by: Person },
): Unit<readonly Effect[]> {
  const { scaleCertificates: t } = ctx.tables
  const certificate = yield* one(ctx.db.select().from(t).where(eq(t.certificateId, certificateId)))
  if (certificate === undefined) throw new RefusalError('scale_certificate.unknown')
  const changed = yield* exec(
    ctx.db
      .update(t)
      .set({ revokedBy: by.accountId, revokedAtMs: ctx.now(), revokeNote: note })
      .where(and(eq(t.certificateId, certificateId), isNull(t.revokedAtMs))),
  )
  if (changed === 0) throw new RefusalError('scale_certificate.revoked')
  const { cabinetId, certificateNumber } = certificate
  yield* recordAudit(ctx, {
    accountId: by.accountId,
    action: 'scale_certificate.revoked',
    subjectId: cabinetId,
    why: note,
    detail: { certificateId, certificateNumber },
  })
  return yield* tellCabinet(ctx, cabinetId, by.name)
}

/** Brings the cabinet's configuration to the certificate that holds longest; null when there is none. */
function* tellCabinet(ctx: UnitContext, cabinetId: string, changedBy: string): Unit<readonly Effect[]> {
  const certificate = yield* findCertificateOf(ctx, cabinetId)
  const scaleVerification =
    certificate === undefined
      ? null
      : { certificateNumber: certificate.certificateNumber, expiresAtMs: certificate.expiresAtMs }
  const { config } = yield* findTwin(ctx, cabinetId)
  const told = config.scaleVerification
  const isTold =
    told?.certificateNumber === scaleVerification?.certificateNumber &&
    told?.expiresAtMs === scaleVerification?.expiresAtMs
  if (isTold) return []
  const { effects } = yield* changeConfig(ctx, { cabinetId, config: { scaleVerification }, changedBy })
  return effects
}
