// Which entries of a household's ledger account belong to a kind of income, as SQL over transfer ids: these begin with their
// cause, so only dividends ask another table, the few distributions. Every entry belongs to exactly one kind; together they are
// the account's balance.
import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { kindCauses, kindLetters, payoutKinds } from './rules.ts'
import type { PayoutKind } from './rules.ts'

type NamedKind = Exclude<PayoutKind, 'OPERATING'>

/** Ids that begin with the text: a range, since ids are compared byte by byte and no id holds U+FFFF. */
const begins = (id: SQL, prefix: string) => sql`(${id} >= ${prefix} and ${id} < ${`${prefix}\uffff`})`

const dividend = 'distribution-line:'
const reversal = 'reversal:'
/** A plan's id, with which the id of a dividend's cause begins (distributions/run-distribution.ts). */
const planIdLength = 36

/** Of dividends: the kind was fixed when the distribution was run; a fund's or an unknown plan's are PROPERTY. */
function isOfPlan(id: SQL, prefix: string, kind: NamedKind): SQL {
  const planId = sql`substr(${id}, ${sql.raw(String(prefix.length + 1))}, ${sql.raw(String(planIdLength))})`
  return kind === 'PROPERTY'
    ? sql`${planId} not in (select p.plan_id from distribution_plan p where p.income_kind <> ${kind})`
    : sql`${planId} in (select p.plan_id from distribution_plan p where p.income_kind = ${kind})`
}

function ofNamedKind(id: SQL, kind: NamedKind): SQL {
  const letter = kindLetters[kind]
  const reversed = [
    ...kindCauses[kind].map((cause) => sql`${id} like ${`%:${cause}.%`}`),
    sql`(${id} like ${`%:${dividend.slice(0, -1)}.%`} and ${isOfPlan(id, reversal, kind)})`,
  ]
  return sql.join(
    [
      ...kindCauses[kind].map((cause) => begins(id, `${cause}:`)),
      sql`(${begins(id, dividend)} and ${isOfPlan(id, dividend, kind)})`,
      begins(id, `payout-line:${letter}-`),
      begins(id, `payout-return:${letter}-`),
      sql`(${begins(id, reversal)} and (${sql.join(reversed, sql` or `)}))`,
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

/**
 * True of the entries by which earlier payouts took their income out, or gave it back: a draft begun at `sinceMs` counts them whatever
 * its cut-off, since what is paid is no longer due for any day. Only a payment that came back since waits for the next draft.
 */
export function isPaidOut(transferId: SQL, atMs: SQL, sinceMs: number): SQL {
  return sql`(${begins(transferId, 'payout-')}
    and (${atMs} <= cast(${sinceMs} as bigint) or ${transferId} not like 'payout-return:%:returned.%'))`
}
