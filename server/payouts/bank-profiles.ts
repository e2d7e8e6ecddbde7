// Bank profiles and step rules as data. A profile's change is a new version; batches keep the one they were drafted with.
import { asc, desc, eq } from 'drizzle-orm'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { standardColumns, standardReturnColumns } from './bank-profile-fields.ts'
import type { StepRule } from './rules.ts'
import type { ProfileRow } from './store.ts'

export type ProfileDraft = Omit<ProfileRow, 'version' | 'createdBy' | 'createdAtMs'>

/** What a file needs so that the bank can pay and its answer finds its way back. */
const neededFields = ['batchNo', 'seq', 'payeeName', 'payeeAccount', 'amount'] as const

function findProblem({ format, columns, returnColumns }: ProfileDraft): string | undefined {
  if (Object.keys(returnColumns.results).length === 0) return 'the return file has no word for any result'
  if (format === 'pain.001') return undefined
  const missing = neededFields.find((field) => !columns.some((column) => column.field === field))
  if (missing !== undefined) return `the file has no column for ${missing}`
  if (new Set(columns.map(({ header }) => header)).size < columns.length) return 'two columns have one header'
  return undefined
}

/** Adds a profile, or the next version of one. Refuses with payout.profile_invalid. */
export function* saveProfile(ctx: UnitContext, draft: ProfileDraft, createdBy: string | undefined): Unit<ProfileRow> {
  const problem = findProblem(draft)
  if (problem !== undefined) throw new RefusalError('payout.profile_invalid', problem, { field: 'columns' })
  const { bankProfiles: p } = ctx.tables
  const newest = yield* one(
    ctx.db
      .select({ version: p.version })
      .from(p)
      .where(eq(p.profileId, draft.profileId))
      .orderBy(desc(p.version))
      .limit(1),
  )
  const profile: ProfileRow = {
    ...draft,
    version: (newest?.version ?? 0) + 1,
    createdBy: createdBy ?? null,
    createdAtMs: ctx.now(),
  }
  yield* insertRows(p, [profile])
  yield* recordAudit(ctx, {
    accountId: createdBy,
    action: 'bank_profile.saved',
    subjectId: profile.profileId,
    detail: { version: profile.version, format: profile.format, encoding: profile.encoding },
  })
  return profile
}

/** Every version, by profile. */
export function* listProfiles({ db, tables: { bankProfiles: p } }: UnitContext): Unit<ProfileRow[]> {
  return yield* rows(db.select().from(p).orderBy(asc(p.profileId), asc(p.version)))
}

/** A profile that follows domain.md's out file, for a payer. */
export function standardProfile(
  profileId: string,
  format: ProfileRow['format'],
  payer: Pick<ProfileRow, 'payerName' | 'payerAccount' | 'payerBankNo'>,
): ProfileDraft {
  return {
    profileId,
    name: { csv: '通用代发（CSV）', xlsx: '通用代发（XLSX）', 'pain.001': 'ISO 20022 pain.001' }[format],
    format,
    encoding: format === 'csv' ? 'utf-8-bom' : 'utf-8',
    maxRowsPerFile: 5_000,
    hasControlRow: format !== 'pain.001',
    columns: standardColumns,
    returnColumns: standardReturnColumns,
    ...payer,
  }
}

/** Puts all step rules in place of those there are. */
export function* replaceStepRules(ctx: UnitContext, stepRules: readonly StepRule[], accountId: string): Unit<void> {
  const { stepRules: t } = ctx.tables
  yield* exec(ctx.db.delete(t))
  yield* insertRows(
    t,
    stepRules.map(({ step, fromFen, signatures }) => ({ step, fromFen, signatures })),
  )
  yield* recordAudit(ctx, {
    accountId,
    action: 'payout.step_rules_replaced',
    subjectId: 'step-rules',
    detail: { stepRules },
  })
}
