// A cabinet changes its own key: the present key says who asks, the new one that its private half is there. Nobody has to come by,
// and whoever copied a cabinet's disk is cut off by it, or cuts the cabinet off, which is seen.
import { createPublicKey, verify } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { keyRotationText } from '#shared/contracts/http/cabinets.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { maxLoginSkewMs } from '../mqtt/cabinet-login.ts'
import { findPublicKey } from './enrol-cabinet.ts'

export interface KeyChange {
  readonly cabinetId: Id
  readonly publicKey: string
  readonly atMs: number
  readonly signature: string
  readonly newSignature: string
}

function isSigned({ cabinetId, atMs, publicKey }: KeyChange, by: string, signature: string): boolean {
  const key = createPublicKey({ key: Buffer.from(by, 'base64'), format: 'der', type: 'spki' })
  return verify(null, Buffer.from(keyRotationText(cabinetId, atMs, publicKey)), key, Buffer.from(signature, 'base64'))
}

/**
 * Takes an Ed25519 key in place of the present one. A repeat after a reply that was lost finds the key in place already. Refuses
 * with cabinet.key_proof_invalid: unknown or withdrawn, a clock too far off, or a key that did not sign.
 */
export function* rotateKey(ctx: UnitContext, change: KeyChange): Unit<void> {
  const { cabinetId, publicKey, atMs, signature, newSignature } = change
  const { cabinets: t } = ctx.tables
  const present = yield* findPublicKey(ctx, cabinetId)
  const isTimely = Math.abs(ctx.now() - atMs) <= maxLoginSkewMs
  if (present === undefined || !isTimely || !isSigned(change, publicKey, newSignature))
    throw new RefusalError('cabinet.key_proof_invalid')
  const isRepeat = present === publicKey
  if (!isRepeat && !isSigned(change, present, signature)) throw new RefusalError('cabinet.key_proof_invalid')
  yield* exec(ctx.db.update(t).set({ publicKey }).where(eq(t.cabinetId, cabinetId)))
  yield* recordAudit(ctx, {
    accountId: undefined,
    action: isRepeat ? 'cabinet.key_repeated' : 'cabinet.key_rotated',
    subjectId: cabinetId,
  })
}
