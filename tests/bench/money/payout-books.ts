// Books of any size for the payout's benches: households with five sales each (ten ledger entries) and a confirmed bank account,
// written by raw SQL that keeps the ledger's rules, which the caller proves with the ledger's own check.
import BetterSqlite3 from 'better-sqlite3'
import { systemRandom } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { Database } from '#server/db/database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { saveProfile, standardProfile } from '#server/payouts/bank-profiles.ts'
import { sealAccount } from '#server/payouts/payee-account-seal.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

export const salesPerHousehold = 5
const dayMs = 86_400_000

const code = (n: string) => `'500112' || substr('0000000000' || ${n}, -10)`
const numbers = (count: number) =>
  `with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ${count})`

function fillLedger(client: BetterSqlite3.Database, households: number, atMs: number): void {
  const sales = households * salesPerHousehold
  const home = `(s.i / ${salesPerHousehold})`
  const amount = `(100 + s.i * 7919 % 900)`
  const id = `'sale-line:' || substr('000000000000' || s.i, -12) || ':0'`
  const at = `${atMs - 30 * dayMs} + s.i % ${salesPerHousehold}`
  const credit = `'household:' || ${code(home)}`
  client.exec(`
    insert into ledger_account values ('channel:wallet', 'channel', 'wallet', null, 0);
    ${numbers(households)} insert into ledger_account
      select 'household:' || ${code('i')}, 'household', ${code('i')}, 0, 0 from n;
    ${numbers(sales)} insert into ledger_transfer (id, debit_account_id, credit_account_id, amount_fen, cause_kind, cause_id, leg, at_ms)
      select ${id}, 'channel:wallet', ${credit}, ${amount}, 'sale-line', substr('000000000000' || s.i, -12), '0', ${at} from n s;
    ${numbers(sales)} insert into ledger_entry select ${credit}, ${at}, ${id}, ${amount} from n s;
    insert into ledger_entry select 'channel:wallet', t.at_ms, t.id, -t.amount_fen from ledger_transfer t order by t.at_ms, t.id;
    update ledger_account set balance_fen = (select sum(e.amount_fen) from ledger_entry e where e.account_id = ledger_account.id)
      where kind = 'household';`)
}

function fillAccounts(client: BetterSqlite3.Database, households: number, atMs: number): void {
  const insert = client.prepare(
    `insert into payee_account (payee_account_id, household_code, name, bank_name, bank_no, account_sealed, account_fingerprint,
      last_4, state, reason, changed_by, changed_at_ms, confirmed_by, confirmed_at_ms, usable_from_ms)
      values (?, ?, ?, '演示农商行', '999653000002', ?, ?, ?, 'active', '首次登记', ?, ?, 'confirmer', ?, ?)`,
  )
  for (let i = 0; i < households; i += 1) {
    const digits = String(i).padStart(10, '0')
    const payeeAccountId = `account-${digits}`
    const sealed = sealAccount(testSealer, payeeAccountId, `999900000${digits}`)
    insert.run(
      payeeAccountId,
      `500112${digits}`,
      `户主${i % 1000}`,
      sealed.accountSealed,
      sealed.accountFingerprint,
      sealed.last4,
      `clerk-${i % 7}`,
      atMs - 20 * dayMs,
      atMs - 20 * dayMs,
      atMs - 10 * dayMs,
    )
  }
}

/** Makes the database at `path` and opens it. */
export async function makePayoutBooks(path: string, households: number, clock: Clock): Promise<Database> {
  // As the batch jobs do.
  const open = () => openDatabase({ url: `sqlite:${path}`, clock, random: systemRandom, cacheMegabytes: 16 })
  const made = await open()
  const payer = { payerName: '渝北区惠农专户', payerAccount: '99990000000001', payerBankNo: '999653000001' }
  await made.run((ctx) => saveProfile(ctx, standardProfile('csv', 'csv', payer), undefined))
  await made.run((ctx) => saveProfile(ctx, standardProfile('pain', 'pain.001', payer), undefined))
  await made.close()
  const client = new BetterSqlite3(path)
  // A log of gigabytes would be searched for every page that fell out of the cache; opening the database turns it on again.
  for (const setting of ['journal_mode = OFF', 'synchronous = OFF', 'cache_size = -65536']) client.pragma(setting)
  client.exec('begin')
  fillLedger(client, households, clock.now())
  process.stderr.write(`  ${households} households have earned\n`)
  fillAccounts(client, households, clock.now())
  client.exec('commit')
  client.close()
  return open()
}
