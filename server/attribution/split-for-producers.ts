// What the producers of a lot get of an amount: the parts of the revenue plan in force, the operator's share and the fund left
// out, since both are of sales. For goods that nobody bought and that somebody pays for all the same.
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { splitLine } from './rules.ts'
import type { Part } from './rules.ts'
import { findLotFacts, findPlanInForce } from './store.ts'

export interface ProducerParts {
  readonly planId: string
  readonly parts: readonly Part[]
}

/** Refuses with attribution.plan_missing. `amountFen` ≥ 0; nothing has no parts. */
export function* splitForProducers(
  ctx: UnitContext,
  { lotId, amountFen, atMs }: { readonly lotId: string; readonly amountFen: number; readonly atMs: number },
): Unit<ProducerParts> {
  const lot = yield* findLotFacts(ctx, lotId)
  const plan = yield* findPlanInForce(lot?.supplierId, atMs)
  if (plan === undefined) throw new RefusalError('attribution.plan_missing')
  if (amountFen === 0) return { planId: plan.planId, parts: [] }
  const parts = splitLine({ amountFen, isCertified: true, lot }, plan)
  return { planId: plan.planId, parts: parts.filter(({ role }) => role !== 'operator') }
}
