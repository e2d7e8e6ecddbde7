// Shows a phone number in full to somebody who says why. The audit row is committed before the number is opened: nobody sees one
// without it.
import { and, eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import type { ServerContext } from '../context.ts'
import { one } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { phonePurpose } from '../households/phone.ts'
import { householdScope, type Viewer } from './row-scope.ts'

export async function revealPhone(
  { database, sealer }: Pick<ServerContext, 'database' | 'sealer'>,
  viewer: Viewer,
  { householdCode, reason }: { readonly householdCode: string; readonly reason: string },
): Promise<string> {
  const sealed = await database.run(function* (ctx) {
    const { households: h } = ctx.tables
    const found = yield* one(
      ctx.db
        .select({ phoneSealed: h.phoneSealed })
        .from(h)
        .where(and(eq(h.householdCode, householdCode), householdScope(ctx, viewer))),
    )
    if (found === undefined) throw new RefusalError('household.not_found')
    if (found.phoneSealed === null) throw new RefusalError('personal_data.no_phone')
    yield* recordAudit(ctx, {
      accountId: viewer.accountId,
      action: 'personal_data.phone_revealed',
      subjectId: householdCode,
      why: reason,
    })
    return found.phoneSealed
  })
  return sealer.open(sealed, phonePurpose(householdCode))
}
