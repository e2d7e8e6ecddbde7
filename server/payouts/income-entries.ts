// Which entries of a household's ledger account belong to a kind of income, as SQL over transfer ids: these begin with their
// cause, so no other table is read. Every entry belongs to exactly one kind; together they are the account's balance.
import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { kindCauses, kindLetters, payoutKinds } from './rules.ts'
import type { PayoutKind } from './rules.ts'

/** Ids that begin with the text: a range, since ids are compared byte by byte and no id holds U+FFFF. */
const begins = (id: SQL, prefix: string) => sql`(${id} >= ${prefix} and ${id} < ${`${prefix}\uffff`})`

function ofNamedKind(id: SQL, kind: Exclude<PayoutKind, 'OPERATING'>): SQL {
  const letter = kindLetters[kind]
  const reversed = kindCauses[kind].map((cause) => sql`${id} like ${`%:${cause}.%`}`)
  return sql.join(
    [
      ...kindCauses[kind].map((cause) => begins(id, `${cause}:`)),
      begins(id, `payout-line:${letter}-`),
      begins(id, `payout-return:${letter}-`),
      sql`(${begins(id, 'reversal:')} and (${sql.join(reversed, sql` or `)}))`,
    ],
    sql` or `,
  )
}

/** True of the entries of the kind; `transferId` is the entry's column. */
export function isOfKind(transferId: SQL, kind: PayoutKind): SQL {
  if (kind !== 'OPERATING') return sql`(${ofNamedKind(transferId, kind)})`
  const others = payoutKinds.filter((other) => other !== 'OPERATING').map((other) => ofNamedKind(transferId, other))
  // Most entries are sales: the first test spares them the others.
  return sql`(${begins(transferId, 'sale-')} or not (${sql.join(others, sql` or `)}))`
}
