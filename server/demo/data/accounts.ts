import type { Role } from '#shared/contracts/http/route.ts'
import type { z } from 'zod'

/**
 * The demo's people who can sign in. Their passwords are no secrets: `npm start` prints them, and the demo listens on
 * this machine only.
 */
export interface DemoAccount {
  readonly login: string
  readonly password: string
  readonly displayName: string
  readonly roles: ReadonlyArray<z.infer<typeof Role>>
  /** Prepaid money in the wallet, fen. */
  readonly walletFen?: number
  /** Of a desk: what the codes of its households begin with. */
  readonly areaCode?: string
  /** What the visitor should try with it. */
  readonly about: string
}

export const buyerCount = 12
const walletFen = 50_000

function account(login: string, displayName: string, role: z.infer<typeof Role>, about: string): DemoAccount {
  return { login, password: `${login}-huinong`, displayName, roles: [role], about }
}

export const staffAccounts: readonly DemoAccount[] = [
  account('admin', '演示管理员', 'admin', 'everything'),
  account('operator', '演示运营员', 'operator', 'cabinets, planograms, reviews'),
  account('finance', '演示财务员', 'finance', 'ledger, top-ups, refunds; prepares payouts'),
  account('approver', '演示审批人', 'finance', 'approves payouts'),
  account('releaser', '演示放行人', 'finance', 'releases payouts to the bank'),
  account(
    'clerk',
    '演示账户登记员',
    'finance',
    'enters payees’ bank accounts, and so has no other part in paying them',
  ),
  account('checker', '演示账户复核员', 'finance', 'confirms those accounts, and has no other part either'),
  account('auditor', '演示审计员', 'auditor', 'reads everything, changes nothing'),
  account('restocker', '演示补货员', 'restocker', 'opens cabinets to restock'),
  account('helper', '演示帮扶责任人', 'helper', 'sees own households’ income'),
  {
    ...account('desk', '演示区农业农村委', 'desk', 'sells what is left over, in the whole district'),
    areaCode: '500112',
  },
  account('farmer', '演示农户', 'farmer', 'sees own household’s income'),
]

export const buyerAccounts: readonly DemoAccount[] = Array.from({ length: buyerCount }, (_, index) => ({
  ...account(`buyer${index + 1}`, `演示职工 ${index + 1}`, 'buyer', 'scans, buys, reads receipts'),
  walletFen,
}))
