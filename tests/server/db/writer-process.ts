// A process that writes units for ever and reports each answered one on stdout, so that a test can kill it at any moment.
// Started by kill.test.ts with a database URL.
import { writeSync } from 'node:fs'
import { seededRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'

const callers = 8
const [url = '', run = ''] = process.argv.slice(2)
const database = await openDatabase({ url, clock: systemClock, random: seededRandom(1) })

/** One caller: top-up after top-up, each of two transfers that belong together. */
async function write(caller: number): Promise<void> {
  for (let index = 0; ; index += 1) {
    const id = `${run}-${caller}-${index}`
    const wallet = accountIdOf('wallet', `w${caller}`)
    const fund = namedAccounts.reliefFund
    await database.run((ctx) =>
      postTransfers(ctx, [
        { debit: namedAccounts.mainBank, credit: wallet, amountFen: 100, cause: { kind: 'top-up', id }, leg: 'credit' },
        { debit: wallet, credit: fund, amountFen: 1, cause: { kind: 'top-up', id }, leg: 'gift' },
      ]),
    )
    // Synchronous, so that what was answered is known even when the next instruction is never reached.
    writeSync(1, `${id}\n`)
  }
}
await Promise.all(Array.from({ length: callers }, (_, caller) => write(caller)))
