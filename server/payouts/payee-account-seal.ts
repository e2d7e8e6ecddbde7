// How a payee's account number is sealed: for one row, so that a value copied to another row does not open there.
import type { Sealer } from '../personal-data/seal.ts'

export const accountPurpose = (payeeAccountId: string): string => `payee-account:${payeeAccountId}`

/** What a row keeps of an account number. */
export function sealAccount(sealer: Pick<Sealer, 'seal' | 'fingerprint'>, payeeAccountId: string, account: string) {
  return {
    accountSealed: sealer.seal(account, accountPurpose(payeeAccountId)),
    accountFingerprint: sealer.fingerprint(`payee-account:${account}`),
    last4: account.slice(-4),
  }
}
