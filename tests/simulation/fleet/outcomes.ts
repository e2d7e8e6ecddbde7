// What a run came to, beside whether it broke anything.
import type { Checked } from './standing-invariants.ts'
import type { Truth, World } from './world.ts'

/** Bills of sessions whose boards told the truth, against what was taken. Returns how many differ. */
export function countWrongBills(
  { backend }: Pick<Checked, 'backend'>,
  truths: ReadonlyMap<string, Truth>,
): { settled: number; over: number; under: number } {
  const counts = { settled: 0, over: 0, under: 0 }
  backend.file.look((db) => {
    const linesOf = db.prepare('SELECT lane_id, count FROM sale_line WHERE session_id = ?')
    const settled = db
      .prepare(`SELECT session_id FROM shopping_session WHERE state = 'settled' AND kind = 'sale'`)
      .all() as Array<{ session_id: string }>
    for (const { session_id: sessionId } of settled) {
      const truth = truths.get(sessionId)
      if (truth === undefined) continue
      counts.settled += 1
      const billed = new Map(
        (linesOf.all(sessionId) as Array<{ lane_id: string; count: number }>).map((line) => [line.lane_id, line.count]),
      )
      for (const laneId of new Set([...billed.keys(), ...truth.taken.keys()])) {
        const difference = (billed.get(laneId) ?? 0) - (truth.taken.get(laneId) ?? 0)
        if (difference > 0) counts.over += 1
        if (difference < 0) counts.under += 1
      }
    }
  })
  return counts
}

/** What came of the money, by name. */
export function countMoney(world: World): Readonly<Record<string, number>> {
  return world.backend.file.look((db) => {
    const found = db
      .prepare(
        `SELECT 'payout line ' || outcome AS what, count(*) AS n FROM payout_attempt GROUP BY outcome
         UNION ALL SELECT 'payout batch ' || state, count(*) FROM payout_batch GROUP BY state
         UNION ALL SELECT 'distribution ' || state, count(*) FROM distribution_plan GROUP BY state
         UNION ALL SELECT 'refund', count(*) FROM sale_refund
         UNION ALL SELECT 'sale on a pass', count(*) FROM offline_pass_use
         UNION ALL SELECT 'sale on a used pass', count(*) FROM offline_pass_use WHERE is_repeat = 1
         UNION ALL SELECT 'arrears', count(*) FROM payment_arrears`,
      )
      .all() as Array<{ what: string; n: number }>
    return Object.fromEntries(found.map(({ what, n }) => [what, n]))
  })
}
