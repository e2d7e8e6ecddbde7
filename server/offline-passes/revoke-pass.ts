// A lost phone: the pass opens nothing any more wherever the news arrives. Cabinets that are reached hear of it by a signed
// command, again at each contact until the pass has expired by itself. The money stays held for what was taken before.
import { eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import type { Effect } from '../context.ts'
import { exec, one, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'
import type { PassRow } from './issue-pass.ts'
import { clockDoubtMs, tellGroup } from './tell-group.ts'

export interface Revocation {
  readonly passId: string
  readonly byAccountId: string
  readonly byName: string
  /** Staff may revoke anybody's; a buyer finds only their own. */
  readonly isStaff: boolean
}

export function* revokePass(
  ctx: UnitContext,
  signer: CommandSigner,
  revocation: Revocation,
): Unit<{ pass: PassRow; effects: readonly Effect[] }> {
  const { offlinePasses: p } = ctx.tables
  const { passId, byAccountId, byName, isStaff } = revocation
  const pass = yield* one(ctx.db.select().from(p).where(eq(p.passId, passId)))
  if (pass === undefined || (!isStaff && pass.accountId !== byAccountId)) throw new RefusalError('pass.unknown')
  if (pass.revokedAtMs !== null) throw new RefusalError('pass.revoked_already')
  if (ctx.now() > pass.expiresAtMs + clockDoubtMs) throw new RefusalError('pass.expired')
  const revokedAtMs = ctx.now()
  yield* exec(ctx.db.update(p).set({ revokedAtMs }).where(eq(p.passId, passId)))
  const effects = yield* tellGroup(ctx, signer, pass, byName)
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'pass.revoked',
    subjectId: passId,
    detail: { cabinets: effects.length },
  })
  return { pass: { ...pass, revokedAtMs }, effects }
}
