// At the first start there is nobody who could let anybody in: one administrator is made, whose one-time password is shown
// once by the process that made it.
import type { Random } from '#shared/ids/random.ts'
import type { Database } from '../db/database.ts'
import { addAccounts } from './add-accounts.ts'
import { hashOneTimePassword, makeOneTimePassword } from './password.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { countOtherAdmins } from './store.ts'

export interface FirstAdmin {
  readonly login: string
  readonly oneTimePassword: string
}

/** Makes the administrator unless one is there; undefined then. Several processes at once make one. */
export async function ensureFirstAdmin(database: Database, random: Random): Promise<FirstAdmin | undefined> {
  if ((await database.read((ctx) => countOtherAdmins(ctx, ''))) > 0) return undefined
  const login = 'admin'
  const oneTimePassword = makeOneTimePassword(random)
  const passwordHash = await hashOneTimePassword(oneTimePassword)
  const isMade = await database.run(function* (ctx) {
    if ((yield* countOtherAdmins(ctx, '')) > 0) return false
    const [accountId = ''] = yield* addAccounts(ctx, [
      { login, displayName: '管理员', roles: ['admin'], passwordHash, mustChangePassword: true },
    ])
    yield* recordAudit(ctx, { accountId: undefined, action: 'identity.first_admin_made', subjectId: accountId })
    return true
  })
  return isMade ? { login, oneTimePassword } : undefined
}
