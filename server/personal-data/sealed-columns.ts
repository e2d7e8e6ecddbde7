// Every column that holds sealed values: what a change of keys has to go through. A noun that seals adds its column here.
import { like } from 'drizzle-orm'
import type { AnyPgColumn, PgTable } from 'drizzle-orm/pg-core'
import { addressPurpose } from '../alerts/address-seal.ts'
import type { Tables } from '../db/tables.ts'
import { one, type Unit, type UnitContext } from '../db/unit.ts'
import { phonePurpose } from '../households/phone.ts'
import { secondFactorPurpose } from '../identity/second-factor.ts'
import { accountPurpose } from '../payouts/payee-account-seal.ts'

export interface SealedColumn {
  /** For people: table and column. */
  readonly name: string
  /** The table, the text column that is its primary key, and the column of sealed values. */
  readonly place: (tables: Tables) => { table: PgTable; key: AnyPgColumn; sealed: AnyPgColumn }
  /** The purpose that the row's value is sealed for. */
  readonly purposeOf: (key: string) => string
}

export const sealedColumns: readonly SealedColumn[] = [
  {
    name: 'household.phone_sealed',
    place: ({ households: h }) => ({ table: h, key: h.householdCode, sealed: h.phoneSealed }),
    purposeOf: phonePurpose,
  },
  {
    name: 'payee_account.account_sealed',
    place: ({ payeeAccounts: p }) => ({ table: p, key: p.payeeAccountId, sealed: p.accountSealed }),
    purposeOf: accountPurpose,
  },
  {
    name: 'alert_recipient.address_sealed',
    place: ({ alertRecipients: a }) => ({ table: a, key: a.recipientId, sealed: a.addressSealed }),
    purposeOf: addressPurpose,
  },
  {
    name: 'second_factor.secret_sealed',
    place: ({ secondFactors: s }) => ({ table: s, key: s.accountId, sealed: s.secretSealed }),
    purposeOf: secondFactorPurpose,
  },
]

/** Whether anything is sealed with the key still. Key ids have no wildcards of LIKE in them. */
export function* isSealedWith(ctx: UnitContext, keyId: string): Unit<boolean> {
  for (const { place } of sealedColumns) {
    const { table, key, sealed } = place(ctx.tables)
    const withKey = ctx.db
      .select({ key })
      .from(table)
      .where(like(sealed, `${keyId}.%`))
      .limit(1)
    if ((yield* one(withKey)) !== undefined) return true
  }
  return false
}
