// Enrolment: an operator makes a one-time code, the cabinet trades it for its place. From then on the cabinet's own key is
// its identity; of the code only a hash was ever stored.
import { createHash } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { type CommandKeyList, obeyedKeys } from '#shared/contracts/mqtt/command-keys.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { findCommandKeys } from '../command-keys/find-keys.ts'
import { exec, insertRows, one, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { recordAudit } from '../audit/record-audit.ts'

/** Length of a code, characters without dashes: 31^20, so that a plain hash suffices. */
export const enrolmentCodeLength = 20
const codeLifetimeMs = 86_400_000

const hashCode = (code: string) =>
  createHash('sha256')
    .update(code.toUpperCase().replaceAll(/[^A-Z0-9]/g, ''))
    .digest('hex')

/** Stores a new code for a cabinet in place of an earlier one; returns when it expires. */
export function* storeEnrolmentCode(
  ctx: UnitContext,
  input: { readonly cabinetId: Id; readonly code: string; readonly byAccountId: Id },
): Unit<number> {
  const { cabinets, enrolmentCodes } = ctx.tables
  const { cabinetId } = input
  const cabinet = yield* one(
    ctx.db.select({ id: cabinets.cabinetId }).from(cabinets).where(eq(cabinets.cabinetId, cabinetId)),
  )
  if (cabinet === undefined) throw new RefusalError('cabinet.unknown')
  const expiresAtMs = ctx.now() + codeLifetimeMs
  yield* exec(ctx.db.delete(enrolmentCodes).where(eq(enrolmentCodes.cabinetId, cabinetId)))
  yield* insertRows(enrolmentCodes, [
    { cabinetId, codeHash: hashCode(input.code), expiresAtMs, createdBy: input.byAccountId },
  ])
  yield* recordAudit(ctx, {
    accountId: input.byAccountId,
    action: 'cabinet.enrolment_code_made',
    subjectId: cabinetId,
  })
  return expiresAtMs
}

export interface Enrolled {
  readonly cabinetId: Id
  readonly code: string
  readonly serverPublicKeys: readonly string[]
  /** The newest list; undefined when the key that signs commands was never changed. */
  readonly commandKeys: CommandKeyList | undefined
}

/** Trades the code for the cabinet's place: the key is stored, the code is gone, the journal may begin anew once. */
export function* enrolCabinet(
  ctx: UnitContext,
  input: { readonly enrolmentCode: string; readonly publicKey: string },
): Unit<Enrolled> {
  const { tables: t, db } = ctx
  const found = yield* one(
    db
      .select({
        cabinetId: t.cabinets.cabinetId,
        code: t.cabinets.code,
        rolloutState: t.cabinets.rolloutState,
        expiresAtMs: t.enrolmentCodes.expiresAtMs,
      })
      .from(t.enrolmentCodes)
      .innerJoin(t.cabinets, eq(t.cabinets.cabinetId, t.enrolmentCodes.cabinetId))
      .where(eq(t.enrolmentCodes.codeHash, hashCode(input.enrolmentCode))),
  )
  if (found === undefined || found.expiresAtMs <= ctx.now())
    throw new RefusalError('cabinet.enrolment_code_invalid', undefined, { field: 'enrolmentCode' })
  const { cabinetId, code } = found
  const rolloutState = found.rolloutState === 'planned' ? 'installed' : found.rolloutState
  yield* exec(db.delete(t.enrolmentCodes).where(eq(t.enrolmentCodes.cabinetId, cabinetId)))
  yield* exec(
    db
      .update(t.cabinets)
      .set({ publicKey: input.publicKey, enrolledAtMs: ctx.now(), rolloutState })
      .where(eq(t.cabinets.cabinetId, cabinetId)),
  )
  yield* exec(
    db.update(t.journalPositions).set({ mayRestart: true }).where(eq(t.journalPositions.cabinetId, cabinetId)),
  )
  yield* recordAudit(ctx, { accountId: undefined, action: 'cabinet.enrolled', subjectId: cabinetId })
  const { keys, list } = yield* findCommandKeys(ctx)
  return { cabinetId, code, serverPublicKeys: obeyedKeys(keys), commandKeys: list }
}

/** The enrolled key of a cabinet that is not withdrawn. */
export function* findPublicKey({ db, tables: { cabinets } }: UnitContext, cabinetId: Id): Unit<string | undefined> {
  const found = yield* one(
    db
      .select({ publicKey: cabinets.publicKey, rolloutState: cabinets.rolloutState })
      .from(cabinets)
      .where(eq(cabinets.cabinetId, cabinetId)),
  )
  return found === undefined || found.rolloutState === 'withdrawn' ? undefined : (found.publicKey ?? undefined)
}
