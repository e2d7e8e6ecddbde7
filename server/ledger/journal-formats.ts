// How the books look in the plain-text formats of independent programs: hledger (which ledger reads as well) and beancount.
// Their sign is the accountants': debits positive, so every figure of ours is turned round. Days are the district's (UTC+8).
import { formatYuan } from '#shared/units/fen.ts'
import { maskNumbers } from '../personal-data/mask-numbers.ts'
import { accountKindOf, accountKinds } from './account-kinds.ts'
import type { AccountKind } from './account-kinds.ts'
import { dayOf } from './district-day.ts'

/** One entry: credit positive, as the ledger keeps it. */
export interface JournalPosting {
  readonly accountId: string
  readonly amountFen: number
}

export interface JournalTransfer {
  readonly id: string
  readonly atMs: number
  readonly memo: string | null
}

export interface JournalFormat {
  readonly head: string
  account(accountId: string, kind: AccountKind, firstMs: number): string
  transaction(transfer: JournalTransfer, postings: readonly JournalPosting[]): string
  /** Assertions that hold after everything booked through lastMs. */
  closing(balances: ReadonlyArray<{ accountId: string; balanceFen: number }>, lastMs: number): string
}

const dayMs = 86_400_000
const debitYuan = (amountFen: number) => formatYuan(0 - amountFen)
/** One line, and nothing that a format reads as syntax. */
const plain = (text: string) => text.replaceAll(/["\\;|\p{Cc}]+/gu, ' ').trim()

/** Memos are free text: nobody's number leaves with them. */
const spoken = (memo: string) => plain(maskNumbers(memo))

function hledgerName(accountId: string): string {
  return `${accountKinds[accountKindOf(accountId)].group}:${accountId}`
}

const hledger: JournalFormat = {
  head: '; Books of the Huinong Cabinet server. Debits positive; assertions at the end come from the account table.\n\ncommodity CNY\n    format CNY 1000.00\n\n',
  account: (accountId) => `account ${hledgerName(accountId)}\n`,
  transaction(transfer, postings) {
    const memo = transfer.memo === null ? '' : `    ; ${spoken(transfer.memo)}\n`
    const lines = postings.map((one) => `    ${hledgerName(one.accountId)}  CNY ${debitYuan(one.amountFen)}\n`)
    return `\n${dayOf(transfer.atMs)} * ${plain(transfer.id)}\n${memo}${lines.join('')}`
  },
  closing(balances, lastMs) {
    const lines = balances.map(
      ({ accountId, balanceFen }) => `    ${hledgerName(accountId)}  CNY 0.00 = CNY ${debitYuan(balanceFen)}\n`,
    )
    return lines.length === 0 ? '' : `\n${dayOf(lastMs)} * closing balances\n${lines.join('')}`
  },
}

/** Beancount wants each part of a name to begin with a capital or a digit and to hold letters, digits and dashes only. */
function beancountName(accountId: string): string {
  return hledgerName(accountId)
    .split(':')
    .map((part) => part.replaceAll(/[^A-Za-z0-9-]/g, '-'))
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join(':')
}

const beancount: JournalFormat = {
  head: 'option "title" "Huinong Cabinet"\noption "operating_currency" "CNY"\n\n',
  account: (accountId, _kind, firstMs) => `${dayOf(firstMs)} open ${beancountName(accountId)} CNY\n`,
  transaction(transfer, postings) {
    const text = `${plain(transfer.id)}${transfer.memo === null ? '' : ` ${spoken(transfer.memo)}`}`
    const lines = postings.map((one) => `  ${beancountName(one.accountId)}  ${debitYuan(one.amountFen)} CNY\n`)
    return `\n${dayOf(transfer.atMs)} * "${text}"\n${lines.join('')}`
  },
  closing(balances, lastMs) {
    // A balance directive speaks of the beginning of its day; without a tolerance it forgives one fen.
    const day = dayOf(lastMs + dayMs)
    const lines = balances.map(
      ({ accountId, balanceFen }) =>
        `${day} balance ${beancountName(accountId)}  ${debitYuan(balanceFen)} ~ 0.001 CNY\n`,
    )
    return `\n${lines.join('')}`
  },
}

export const journalFormats = { hledger, beancount } as const satisfies Record<string, JournalFormat>
