// The nightly proof of the books: what is wrong is logged as an error and counted in a gauge that an alert watches.
import { checkAttribution } from '../attribution/check-attribution.ts'
import type { ServerContext } from '../context.ts'
import { checkLedger } from './check-ledger.ts'

export async function checkBooks({ database, logger, metrics }: ServerContext): Promise<void> {
  const { checkedTransfers, problems } = await database.read(checkLedger)
  const all = [...problems, ...(await database.read(checkAttribution))]
  metrics.ledgerProblems.set(all.length)
  if (all.length > 0) logger.error({ problems: all }, 'the books are not sound')
  else logger.info({ checkedTransfers }, 'the books are sound')
}
