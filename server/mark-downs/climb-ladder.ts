// The job: looks at every cabinet with goods near their date, puts prices down or back, and renews what is proposed.
import type { ServerContext } from '../context.ts'
import { cabinetsToLookAt, findRules, markDownPrices } from './mark-down-prices.ts'
import { renewProposals } from './propose-moves.ts'

export async function climbLadder(
  { database, perform }: Pick<ServerContext, 'database' | 'perform'>,
  signal?: AbortSignal,
): Promise<void> {
  const { rules, cabinetIds } = await database.read(function* (ctx) {
    const found = yield* findRules(ctx)
    return { rules: found, cabinetIds: yield* cabinetsToLookAt(ctx, found) }
  })
  for (const cabinetId of cabinetIds) {
    if (signal?.aborted === true) return
    perform(await database.run((ctx) => markDownPrices(ctx, cabinetId, rules)))
  }
  await database.run(renewProposals)
}
