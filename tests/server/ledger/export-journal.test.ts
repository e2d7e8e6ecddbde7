// The exported books hold together in the eyes of independent programs, and each planted fault is caught.
import BetterSqlite3 from 'better-sqlite3'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { attributeSaleLines } from '#server/attribution/attribute-sale-lines.ts'
import { refundSaleLine } from '#server/attribution/refund-sale-line.ts'
import { ensureDefaultPlan } from '#server/attribution/revenue-plans.ts'
import type { Database } from '#server/db/database.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { exportJournal } from '#server/ledger/export-journal.ts'
import { journalFormats } from '#server/ledger/journal-formats.ts'
import { rollUpAccounts, rollupMarginMs } from '#server/ledger/roll-up.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { topUpWallet } from '#server/payments/wallets.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { auditHledger } from '../../support/plain-auditor.ts'
import { seedLot } from '../../support/seed-lot.ts'
import { TestClock } from '../../support/test-clock.ts'
import { dialects, makeDatabasePlace } from '../../support/test-database.ts'

const auditors = [
  { program: 'hledger', format: 'hledger', args: ['check', '-f'] },
  { program: 'ledger', format: 'hledger', args: ['balance', '-f'] },
  { program: 'bean-check', format: 'beancount', args: [] },
] as const

const isInstalled = (program: string) => spawnSync('which', [program]).status === 0

/** Two sales, a refund, a hold released: days apart, with a roll-up between. */
async function fill(database: Database, clock: TestClock): Promise<void> {
  const buyer = 'buyer'
  const lot = await database.run(function* (ctx) {
    yield* ensureDefaultPlan(ctx)
    yield* topUpWallet(ctx, { accountId: buyer, amountFen: 10_000, reference: '流水 1; "A"', by: 'finance' })
    return yield* seedLot(ctx)
  })
  for (const sale of ['s1', 's2']) {
    clock.advance(86_400_000)
    await database.run(function* (ctx) {
      const line = { saleLineId: sale, lotId: lot.lotId, amountFen: 1280, isCertified: sale === 's1' }
      yield* walletPayments.hold(ctx, { intentId: sale, payerAccountId: buyer, amountFen: 3000 })
      yield* attributeSaleLines(ctx, { lines: [line], channel: walletPayments.channel, soldAtMs: ctx.now() })
      yield* walletPayments.capture(ctx, sale, 1280)
    })
    await database.run((ctx) => rollUpAccounts(ctx, clock.now() - rollupMarginMs))
  }
  await database.run(function* (ctx) {
    yield* refundSaleLine(ctx, { refundId: 'r1', saleLineId: 's1', amountFen: 500, reason: '坏果; "半箱"' })
    yield* walletPayments.refund(ctx, { intentId: 's1', refundId: 'r1', amountFen: 500 })
  })
}

async function journalOf(database: Database, format: keyof typeof journalFormats): Promise<string> {
  const pieces: string[] = []
  await database.read((ctx) => exportJournal(ctx, journalFormats[format], (text) => pieces.push(text)))
  return pieces.join('')
}

async function openFilled(dialect: (typeof dialects)[number]) {
  const place = await makeDatabasePlace(dialect)
  const clock = new TestClock()
  const database = await openDatabase({ url: place.url, clock, random: seededRandom(1) })
  await fill(database, clock)
  const close = async () => {
    await database.close()
    await place[Symbol.asyncDispose]()
  }
  return { database, path: place.url.slice('sqlite:'.length), [Symbol.asyncDispose]: close }
}

/** Changes the file behind the product's back, past its triggers. */
function tamper(path: string, statements: string): void {
  const client = new BetterSqlite3(path)
  client.pragma('foreign_keys = OFF')
  for (const table of ['ledger_transfer', 'ledger_entry'])
    for (const verb of ['update', 'delete']) client.exec(`DROP TRIGGER ${table}_refuses_${verb}`)
  client.exec(statements)
  client.close()
}

const faults: Readonly<Record<string, string>> = {
  'a balance one fen off': `UPDATE ledger_account SET balance_fen = balance_fen + 1 WHERE id = 'household:5001121422010001'`,
  'an entry one fen off': `UPDATE ledger_entry SET amount_fen = amount_fen + 1 WHERE account_id = 'household:5001121422010001' AND transfer_id LIKE 'sale-line:s2:%'`,
  'the wrong household credited': `UPDATE ledger_entry SET account_id = 'household:5001121422010002' WHERE account_id = 'household:5001121422010001' AND transfer_id LIKE 'sale-line:s2:%'`,
  'the wrong household credited in transfer and entry': `
    UPDATE ledger_entry SET account_id = 'household:5001121422010002' WHERE account_id = 'household:5001121422010001' AND transfer_id LIKE 'sale-line:s2:%';
    UPDATE ledger_transfer SET credit_account_id = 'household:5001121422010002' WHERE credit_account_id = 'household:5001121422010001' AND id LIKE 'sale-line:s2:%'`,
  'a sale missing': `DELETE FROM ledger_entry WHERE transfer_id LIKE 'sale-line:s2:%'; DELETE FROM ledger_transfer WHERE id LIKE 'sale-line:s2:%'`,
}

describe.each(dialects)('the exported books on %s', (dialect) => {
  it('balance, and end as the account table says', async () => {
    await using world = await openFilled(dialect)

    const audit = auditHledger(await journalOf(world.database, 'hledger'))

    expect(audit.problems).toEqual([])
    // 1 top-up; per sale 1 hold, 1 capture, 1 release, parts 4 and 5; refund 4 parts and its payment; the closing one.
    expect(audit.transactions).toBe(1 + 2 * 3 + 4 + 5 + 4 + 1 + 1)
  })
})

describe('a planted fault', () => {
  it.each(Object.entries(faults))('is caught: %s', async (_, statements) => {
    await using world = await openFilled('sqlite')
    tamper(world.path, statements)

    const audit = auditHledger(await journalOf(world.database, 'hledger'))

    expect(audit.problems).not.toEqual([])
  })
})

describe.each(auditors)('$program', ({ program, format, args }) => {
  const judge = (journal: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'huinong-books-'))
    const file = join(folder, 'books.journal')
    writeFileSync(file, journal)
    const verdict = spawnSync(program, [...args, file], { encoding: 'utf8' })
    rmSync(folder, { recursive: true })
    return verdict
  }

  it.skipIf(!isInstalled(program))('accepts the books, and none of the planted faults', async () => {
    await using sound = await openFilled('sqlite')
    const verdict = judge(await journalOf(sound.database, format))
    expect(verdict.stdout + verdict.stderr).not.toMatch(/error/i)
    expect(verdict.status).toBe(0)

    for (const statements of Object.values(faults)) {
      await using world = await openFilled('sqlite')
      tamper(world.path, statements)
      expect(judge(await journalOf(world.database, format)).status).not.toBe(0)
    }
  })
})
