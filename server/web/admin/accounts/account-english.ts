import { countOf } from '#shared/words/count-of.ts'
import type { AccountMessages } from './account-messages.ts'

/** The pages of accounts in English. */
export function accountEnglish(): AccountMessages {
  return {
    create: 'New account',
    importMany: 'Import many accounts from a file',
    role: 'Role',
    onlyClosed: 'Closed only',
    area: 'Area code (desk)',
    household: 'Household code (farmer)',
    site: 'Host site',
    createdAt: 'Made at',
    roleNotes: {
      buyer: 'buys at cabinets',
      farmer: 'sees the own household’s books',
      restocker: 'restocks',
      operator: 'keeps cabinets, goods and registers',
      finance: 'keeps payouts, distributions, reconciliation',
      helper: 'sees the own households, logs visits',
      desk: 'sees the area’s households, sells surplus',
      auditor: 'looks only',
      admin: 'keeps accounts and settings',
    },
    oneTime: 'The one-time password is shown this once. Hand it over now; it is changed at the first sign-in.',
    access: 'Roles and scope',
    save: 'Save',
    saved: 'Saved; the account has to sign in again.',
    lock: 'Close',
    unlock: 'Open again',
    reset: 'Reset the password',
    endSessions: 'End all sessions',
    ended: (count) => `${countOf(count, 'session')} ended.`,
    signIns: 'Sessions that are open',
    since: 'Signed in at',
    until: 'Lasts until',
    none: 'Nobody is signed in now.',
    must: 'has yet to change its one-time password',
    back: 'Accounts',
    chooseRole: 'Choose at least one role.',
    reason: 'Why (such as a lost phone)',
    removeFactor: 'Unbind the authenticator',
    factorRemoved: 'Unbound; it is bound again at the next sign-in.',
  }
}
