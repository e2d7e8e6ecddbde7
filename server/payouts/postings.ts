// The transfers a payout books, as SELECTs that both the dry run shows and the ledger posts: one text, so that what was shown is
// what is booked. Money leaves the household's account for transit when a file is made, and transit for the bank when the bank
// says so; a refusal or a returned payment gives it back to the household.
import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { namedAccounts } from '../ledger/account-kinds.ts'
import type { TransferSelect } from '../ledger/post-selected.ts'

const household = sql`'household:' || a.household_code`
const transit = sql.raw(`'${namedAccounts.payouts}'`)
const bank = sql.raw(`'${namedAccounts.mainBank}'`)

interface Posting {
  readonly debit: SQL
  readonly credit: SQL
  readonly cause: 'payout-line' | 'payout-return'
  readonly leg: string
}

/** Each leg is numbered with the attempt. */
const postings = {
  /** The line goes into a bank file. */
  out: { debit: household, credit: transit, cause: 'payout-line', leg: 'out' },
  /** The bank paid. */
  paid: { debit: transit, credit: bank, cause: 'payout-line', leg: 'paid' },
  /** The bank refused: the debt stands again. */
  failed: { debit: transit, credit: household, cause: 'payout-return', leg: 'failed' },
  /** The bank paid and the money came back: the debt stands again. */
  returned: { debit: bank, credit: household, cause: 'payout-return', leg: 'returned' },
} as const satisfies Record<string, Posting>
export type PostingName = keyof typeof postings

/** Transfers of the attempts `a` that the condition selects. */
export function postingsOf(name: PostingName, condition: SQL): TransferSelect {
  const { debit, credit, cause, leg } = postings[name]
  return sql`
    select ${debit} as debit_account_id, ${credit} as credit_account_id, a.amount_fen as amount_fen,
      ${sql.raw(`'${cause}'`)} as cause_kind, a.line_id as cause_id,
      ${sql.raw(`'${leg}.'`)} || cast(a.attempt as text) as leg, cast(null as text) as memo
    from payout_attempt a where ${condition} order by a.seq`
}
