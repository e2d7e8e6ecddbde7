// Issues an offline pass: money is held for the whole cap first, then the pass is signed. One unit, so that there is no pass
// without its money and no hold without its pass.
import { and, desc, eq, gt, isNull } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { one, insertRows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { owesArrears } from '../payments/arrears.ts'
import type { PaymentPort } from '../payments/payment-port.ts'
import { type PassSigner, wholeSeconds } from './pass-signer.ts'
import type { PassSettings } from './settings.ts'

export type PassRow = UnitContext['tables']['offlinePasses']['$inferSelect']

export interface PassDeps {
  readonly passSigner: PassSigner
  readonly payments: PaymentPort
  readonly settings: PassSettings
}

export interface PassRequest {
  readonly accountId: string
  readonly accountName: string
  /** Any cabinet of the host site that the pass is for. */
  readonly cabinetCode: string
  readonly capFen: number
  readonly idempotencyKey: string
}

export function* issuePass(ctx: UnitContext, deps: PassDeps, request: PassRequest): Unit<PassRow> {
  const { db, tables: t } = ctx
  const { accountId, accountName, capFen, idempotencyKey } = request
  const { minCapFen, maxCapFen, validMs } = deps.settings
  const cabinet = yield* findSellingCabinet(ctx, request.cabinetCode)
  const known = yield* one(
    db
      .select()
      .from(t.offlinePasses)
      .where(and(eq(t.offlinePasses.accountId, accountId), eq(t.offlinePasses.idempotencyKey, idempotencyKey))),
  )
  if (known !== undefined) {
    if (known.groupId !== cabinet.groupId || known.capFen !== capFen)
      throw new RefusalError('session.intent_conflict', undefined, { field: 'idempotencyKey' })
    yield* recordAudit(ctx, { accountId, action: 'pass.asked_again', subjectId: known.passId })
    return known
  }
  if (!cabinet.isSelling) throw new RefusalError('pass.offline_selling_off', undefined, { field: 'cabinetCode' })
  if (capFen < minCapFen || capFen > maxCapFen)
    throw new RefusalError('pass.cap_out_of_range', undefined, { field: 'capFen', facts: { minCapFen, maxCapFen } })
  if (yield* owesArrears(ctx, accountId)) throw new RefusalError('pass.arrears')
  yield* requireNoOther(ctx, accountId)
  const notBeforeMs = wholeSeconds(ctx.now())
  const pass = {
    passId: ctx.newId(),
    groupId: cabinet.groupId,
    buyerId: accountId,
    notBeforeMs,
    expiresAtMs: notBeforeMs + validMs,
    capFen,
    counter: yield* nextCounter(ctx, accountId),
  }
  yield* deps.payments.hold(ctx, { intentId: pass.passId, payerAccountId: accountId, amountFen: capFen })
  const { buyerId: _, ...kept } = pass
  const row: PassRow = {
    ...kept,
    accountId,
    accountName,
    code: deps.passSigner.sign(pass),
    idempotencyKey,
    revokedAtMs: null,
    announcedAtMs: null,
    closedAtMs: null,
  }
  yield* insertRows(t.offlinePasses, [row])
  const after = { capFen, groupId: pass.groupId, expiresAtMs: pass.expiresAtMs }
  yield* recordAudit(ctx, { accountId, action: 'pass.issued', subjectId: pass.passId, after })
  return row
}

function* findSellingCabinet({ db, tables: t }: UnitContext, code: string) {
  const found = yield* one(
    db
      .select({
        groupId: t.cabinets.hostSiteId,
        rolloutState: t.cabinets.rolloutState,
        publicKey: t.cabinets.publicKey,
        config: t.cabinetTwins.config,
      })
      .from(t.cabinets)
      .leftJoin(t.cabinetTwins, eq(t.cabinetTwins.cabinetId, t.cabinets.cabinetId))
      .where(eq(t.cabinets.code, code)),
  )
  if (found === undefined) throw new RefusalError('cabinet.unknown', undefined, { field: 'cabinetCode' })
  const { groupId, rolloutState, publicKey, config } = found
  // A twin of before there were passes has no such field.
  const selling = config?.offlineSelling ?? null
  const isSelling = rolloutState === 'live' && publicKey !== null && selling?.groupId === groupId
  return { groupId, isSelling }
}

/** One pass at a time: what a buyer can spend twice is what one pass is worth. */
function* requireNoOther(ctx: UnitContext, accountId: string): Unit<void> {
  const { offlinePasses: p } = ctx.tables
  const other = yield* one(
    ctx.db
      .select({ passId: p.passId })
      .from(p)
      .where(and(eq(p.accountId, accountId), isNull(p.revokedAtMs), isNull(p.closedAtMs), gt(p.expiresAtMs, ctx.now())))
      .limit(1),
  )
  if (other !== undefined) throw new RefusalError('pass.one_at_a_time', undefined, { facts: { passId: other.passId } })
}

function* nextCounter(ctx: UnitContext, accountId: string): Unit<number> {
  const { offlinePasses: p } = ctx.tables
  const last = yield* one(
    ctx.db.select({ counter: p.counter }).from(p).where(eq(p.accountId, accountId)).orderBy(desc(p.counter)).limit(1),
  )
  return (last?.counter ?? 0) + 1
}
