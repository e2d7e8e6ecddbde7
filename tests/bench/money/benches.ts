// The benchmarks of money, by name: `npm run bench -- money` runs them all, `npm run bench -- money/transfers` one.
import type { Bench } from '../bench-row.ts'
import { benchDistribution } from './distribution.ts'
import { benchHistories } from './histories.ts'
import { benchPayout } from './payout.ts'
import { benchSplits } from './splits.ts'
import { benchStatements } from './statements.ts'
import { benchTransfers } from './transfers.ts'

export const moneyBenches: Readonly<Record<string, Bench>> = {
  transfers: benchTransfers,
  distribution: benchDistribution,
  payout: benchPayout,
  statements: benchStatements,
  splits: benchSplits,
  histories: benchHistories,
}
