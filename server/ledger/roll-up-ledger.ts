// Rolls up every account that carries no inline balance, some accounts to a unit so that sales go on between.
import type { Database } from '../db/database.ts'
import { rollUpAccounts, rollupMarginMs } from './roll-up.ts'

/** Rolls up through the newest instant that the margin allows. */
export async function rollUpLedger(database: Database, nowMs: number): Promise<void> {
  const throughAtMs = nowMs - rollupMarginMs - 1_000
  let afterId: string | undefined = ''
  while (afterId !== undefined) {
    const from: string = afterId
    afterId = await database.run((ctx) => rollUpAccounts(ctx, throughAtMs, from))
  }
}
