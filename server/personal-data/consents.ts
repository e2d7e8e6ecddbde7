// The ledger of consents: rows are only added, the newest of a purpose is what stands.
import { and, asc, desc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { Consent, recordConsent as contract } from '#shared/contracts/http/personal-data.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows, one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { followConsent } from '../payouts/follow-consent.ts'
import { consentTexts } from './consent-texts.ts'
import { refuseNumbers } from './refuse-numbers.ts'

export type ConsentView = z.input<typeof Consent>
export type ConsentChange = z.output<(typeof contract)['body']>

/** Purpose by purpose, newest first. */
export function* findConsents(ctx: UnitContext, householdCode: string): Unit<ConsentView[]> {
  const { consents: t } = ctx.tables
  const found = yield* rows(
    ctx.db.select().from(t).where(eq(t.householdCode, householdCode)).orderBy(asc(t.purpose), desc(t.ordinal)),
  )
  return found.map(({ consentId, purpose, isGiven, textVersion, channel, evidence, recordedBy, atMs }) => {
    const shown = { consentId, purpose, isGiven, textVersion, channel, recordedBy, atMs }
    return evidence === null ? shown : { ...shown, evidence }
  })
}

function* findStanding(ctx: UnitContext, householdCode: string, purpose: ConsentChange['purpose']) {
  const { consents: t } = ctx.tables
  return yield* one(
    ctx.db
      .select()
      .from(t)
      .where(and(eq(t.householdCode, householdCode), eq(t.purpose, purpose)))
      .orderBy(desc(t.ordinal))
      .limit(1),
  )
}

/** Refuses with personal_data.consent_taken_back: what the household said last of the purpose is no. */
export function* refuseTakenBack(
  ctx: UnitContext,
  householdCode: string,
  purpose: ConsentChange['purpose'],
): Unit<void> {
  const standing = yield* findStanding(ctx, householdCode, purpose)
  if (standing?.isGiven === false) throw new RefusalError('personal_data.consent_taken_back')
}

/** Adds what the household says now, and lets its payee account follow. Refuses an unknown wording, and what changes nothing. */
export function* recordConsent(
  ctx: UnitContext,
  householdCode: string,
  change: ConsentChange,
  recordedBy: string,
): Unit<ConsentView> {
  const { purpose, isGiven, textVersion, channel, evidence } = change
  refuseNumbers({ evidence })
  if (!consentTexts.some((text) => text.purpose === purpose && text.version === textVersion))
    throw new RefusalError('personal_data.consent_text_unknown', undefined, { field: 'textVersion' })
  const standing = yield* findStanding(ctx, householdCode, purpose)
  const isSame = standing?.isGiven === isGiven && (!isGiven || standing.textVersion === textVersion)
  if (isSame || (standing === undefined && !isGiven))
    throw new RefusalError('personal_data.consent_unchanged', undefined, { field: 'isGiven' })
  const consent = { consentId: ctx.newId(), purpose, isGiven, textVersion, channel, recordedBy, atMs: ctx.now() }
  yield* insertRows(ctx.tables.consents, [
    { ...consent, householdCode, evidence, ordinal: (standing?.ordinal ?? 0) + 1 },
  ])
  yield* recordAudit(ctx, {
    accountId: recordedBy,
    action: isGiven ? 'consent.given' : 'consent.taken_back',
    subjectId: householdCode,
    ...(standing === undefined ? {} : { before: { isGiven: standing.isGiven, textVersion: standing.textVersion } }),
    after: { purpose, isGiven, textVersion, channel },
  })
  if (purpose === 'SENSITIVE_DATA') yield* followConsent(ctx, { householdCode, isGiven, byAccountId: recordedBy })
  return { ...consent, ...(evidence === undefined ? {} : { evidence }) }
}
