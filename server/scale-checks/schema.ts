// The check-weight trail of scales and their verification certificates (检定证书): who checked which lane when, with which
// weights, what it showed and what was allowed. A check is never changed; a certificate is taken back, never removed.
import { sql } from 'drizzle-orm'
import { AccuracyClass, type CheckedLoad } from '#shared/contracts/http/scale-checks.ts'
import type { cabinetTables } from '../cabinets/schema.ts'
import type { Kit, Storage } from '../db/kit.ts'

const accuracyClasses = AccuracyClass.options as readonly AccuracyClass[] as readonly [
  AccuracyClass,
  ...AccuracyClass[],
]

export function scaleCheckTables(
  { table, column: c, index, check }: Kit,
  { cabinets }: Pick<ReturnType<typeof cabinetTables>, 'cabinets'>,
) {
  const scaleCertificates = table(
    'scale_certificate',
    {
      certificateId: c.text().primaryKey(),
      cabinetId: c
        .text()
        .notNull()
        .references(() => cabinets.cabinetId),
      certificateNumber: c.text().notNull().unique(),
      /** The body that verified. */
      issuedBy: c.text().notNull(),
      accuracyClass: c.choice(accuracyClasses).notNull(),
      intervalMg: c.int().notNull(),
      maxMassMg: c.int().notNull(),
      verifiedAtMs: c.int().notNull(),
      expiresAtMs: c.int().notNull(),
      enteredBy: c.text().notNull(),
      enteredAtMs: c.int().notNull(),
      revokedBy: c.text(),
      revokedAtMs: c.int(),
      revokeNote: c.text(),
    },
    (t) => [
      index('scale_certificate_by_cabinet').on(t.cabinetId, t.expiresAtMs),
      check('scale_certificate_dates', sql`${t.verifiedAtMs} < ${t.expiresAtMs}`),
      check('scale_certificate_revoked_whole', sql`(${t.revokedAtMs} is null) = (${t.revokedBy} is null)`),
    ],
  )
  const scaleChecks = table(
    'scale_check',
    {
      checkId: c.text().primaryKey(),
      cabinetId: c
        .text()
        .notNull()
        .references(() => cabinets.cabinetId),
      laneId: c.text().notNull(),
      accuracyClass: c.choice(accuracyClasses).notNull(),
      intervalMg: c.int().notNull(),
      certificateId: c.text().references(() => scaleCertificates.certificateId),
      weightSet: c.text().notNull(),
      loads: c.json<readonly CheckedLoad[]>().notNull(),
      isPassed: c.bool().notNull(),
      checkedBy: c.text().notNull(),
      /** As the account was called then. */
      checkedByName: c.text().notNull(),
      checkedAtMs: c.int().notNull(),
      note: c.text(),
    },
    (t) => [index('scale_check_by_lane').on(t.cabinetId, t.laneId, t.checkId)],
  )
  return { scaleCertificates, scaleChecks }
}

export const scaleCheckStorage: Storage = { appendOnly: ['scale_check'] }
