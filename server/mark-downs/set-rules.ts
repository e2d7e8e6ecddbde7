// The ladder's rules: data, set whole by a person who says why.
import { recordAudit } from '../audit/record-audit.ts'
import type { categories } from '../catalog/schema.ts'
import { exec, insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { findStepProblem } from './rules.ts'
import type { LadderStep } from './rules.ts'

export interface CategoryLadder {
  readonly category: (typeof categories)[number]
  readonly steps: readonly LadderStep[]
  readonly transferDaysLeft: number
  readonly donationDaysLeft: number
}

export function* listRules({ db, tables: { markDownRules: t } }: UnitContext): Unit<CategoryLadder[]> {
  const found = yield* rows(db.select().from(t).orderBy(t.category))
  return found.map(({ setBy: _by, setAtMs: _at, ...rule }) => rule)
}

/** Refuses with mark_down.rule_invalid, naming the step or the category that is there twice. */
export function* setRules(
  ctx: UnitContext,
  { rules, note, by }: { readonly rules: readonly CategoryLadder[]; readonly note: string; readonly by: string },
): Unit<CategoryLadder[]> {
  const seen = new Set<string>()
  for (const [index, { category, steps }] of rules.entries()) {
    const refuse = (field: string) => new RefusalError('mark_down.rule_invalid', undefined, { field })
    if (seen.has(category)) throw refuse(`rules.${index}.category`)
    seen.add(category)
    const wrong = findStepProblem(steps)
    if (wrong !== undefined) throw refuse(`rules.${index}.steps.${wrong}`)
  }
  const before = yield* listRules(ctx)
  const { markDownRules: t } = ctx.tables
  yield* exec(ctx.db.delete(t))
  const setAtMs = ctx.now()
  yield* insertRows(
    t,
    rules.map((rule) => ({ ...rule, setBy: by, setAtMs })),
  )
  yield* recordAudit(ctx, {
    accountId: by,
    action: 'ladder.rules_set',
    subjectId: 'ladder-rules',
    why: note,
    before: { rules: before },
    after: { rules },
  })
  return yield* listRules(ctx)
}
