// The kinds of accounts and what is true of each. A balance is Σ credits − Σ debits: what the account's owner has with us, so
// what we hold ourselves (bank) is negative. Kinds whose single accounts few sales touch carry an inline balance; kinds that
// every sale touches do not, so that no two sales ever meet on one row: those are summed from entries over a roll-up.

interface AccountKindRow {
  /** The account row carries its balance, kept with every posting. */
  readonly isInline: boolean
  /** The balance may not fall below zero; only for inline kinds, a CHECK says so in both dialects. */
  readonly isNeverNegative: boolean
  /** Where the independent auditors' journals file it. */
  readonly group: 'assets' | 'liabilities' | 'income' | 'expenses' | 'equity'
}

export const accountKinds = {
  /** A buyer's prepaid money. */
  wallet: { isInline: true, isNeverNegative: true, group: 'liabilities' },
  /** A buyer's money held for open sessions. */
  hold: { isInline: true, isNeverNegative: true, group: 'liabilities' },
  /** A way money comes in (wallet, payscore …): debited by sales, credited by captures. */
  channel: { isInline: false, isNeverNegative: false, group: 'assets' },
  /** What a supplier is owed; its lots sell in many cabinets at once. */
  supplier: { isInline: false, isNeverNegative: false, group: 'liabilities' },
  /** What a household is owed. */
  household: { isInline: true, isNeverNegative: true, group: 'liabilities' },
  /** A co-operative's or collective's money that its distribution will split. */
  organisation: { isInline: false, isNeverNegative: false, group: 'liabilities' },
  /** A fund, such as the relief fund. */
  fund: { isInline: false, isNeverNegative: false, group: 'liabilities' },
  /** The operator's share of sales. */
  fee: { isInline: false, isNeverNegative: false, group: 'income' },
  /** Fen that no rule gives to anyone. */
  rounding: { isInline: false, isNeverNegative: false, group: 'equity' },
  /** Money in a bank or till; negative by the sign rule above. */
  bank: { isInline: false, isNeverNegative: false, group: 'assets' },
  /** Money on its way out in payout batches. */
  transit: { isInline: false, isNeverNegative: false, group: 'liabilities' },
  /** Losses with a named bearer: goods short, refunds that cannot be taken back. */
  writeoff: { isInline: false, isNeverNegative: false, group: 'expenses' },
  /** The other side of opening balances. */
  opening: { isInline: false, isNeverNegative: false, group: 'equity' },
} as const satisfies Record<string, AccountKindRow>

export type AccountKind = keyof typeof accountKinds

export const accountKindNames = Object.keys(accountKinds) as [AccountKind, ...AccountKind[]]

export const inlineKinds = accountKindNames.filter((kind) => accountKinds[kind].isInline)
export const neverNegativeKinds = accountKindNames.filter((kind) => accountKinds[kind].isNeverNegative)

/** An account's id says what it is: `<kind>:<owner>`, so that nobody has to look it up. */
export type AccountId = `${AccountKind}:${string}`

export function accountIdOf(kind: AccountKind, ownerId: string): AccountId {
  return `${kind}:${ownerId}`
}

/** The owner's id in it: a household's code, an organisation's id. */
export function ownerIdOf(accountId: string): string {
  return accountId.slice(accountId.indexOf(':') + 1)
}

export function accountKindOf(accountId: string): AccountKind {
  const kind = accountId.slice(0, accountId.indexOf(':'))
  if (!Object.hasOwn(accountKinds, kind)) throw new Error(`not an account id: ${accountId}`)
  return kind as AccountKind
}

/** The platform's own accounts, opened with the first posting that needs them. */
export const namedAccounts = {
  reliefFund: 'fund:relief',
  operatorFee: 'fee:operator',
  rounding: 'rounding:largest-remainder',
  mainBank: 'bank:main',
  opening: 'opening:history',
  /** Refunded parts that a household has been paid already. */
  refundsBorne: 'writeoff:refunds-borne',
  /** Sales written off as never to be paid, whose households have been paid already. */
  salesBorne: 'writeoff:sales-borne',
  /** Reversed dividends that a household has been paid already. */
  distributionsBorne: 'writeoff:distributions-borne',
  /** Wages and grants taken back that a household has been paid already. */
  incomesBorne: 'writeoff:incomes-borne',
  /** What was taken on an offline pass beyond its money: a pass shown at two cabinets that could not ask. */
  offlineRisk: 'writeoff:offline-risk',
  /** Goods lost that the operator bears. */
  stockLoss: 'writeoff:stock-loss',
  stockLossInsured: 'writeoff:stock-loss-insurer',
  /** Goods given away before their date. */
  donations: 'writeoff:donations',
  payouts: 'transit:payouts',
  /** Sales that nothing ties to a lot; waits for a correction. */
  unattributed: 'transit:unattributed',
} as const satisfies Record<string, AccountId>
