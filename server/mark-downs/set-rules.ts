// The ladder's rules: data, set whole by a person who says why, and who has seen those that hold: what they left out is gone.
import { createHash } from 'node:crypto'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'
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

/** Equal for equal rules, none included; SHA-256, hex. */
export const versionOfRules = (rules: readonly CategoryLadder[]): string =>
  createHash('sha256').update(canonicalJson(rules)).digest('hex')

export interface RulesChange {
  readonly rules: readonly CategoryLadder[]
  /** Of the rules that were seen. */
  readonly expectedVersion: string
  readonly note: string
  readonly by: string
}

/** Refuses with mark_down.rule_invalid, naming the step or the category that is there twice, and with mark_down.rules_stale. */
export function* setRules(ctx: UnitContext, { rules, expectedVersion, note, by }: RulesChange): Unit<CategoryLadder[]> {
  const seen = new Set<string>()
  for (const [index, { category, steps }] of rules.entries()) {
    const refuse = (field: string) => new RefusalError('mark_down.rule_invalid', undefined, { field })
    if (seen.has(category)) throw refuse(`rules.${index}.category`)
    seen.add(category)
    const wrong = findStepProblem(steps)
    if (wrong !== undefined) throw refuse(`rules.${index}.steps.${wrong}`)
  }
  const before = yield* listRules(ctx)
  if (versionOfRules(before) !== expectedVersion)
    throw new RefusalError('mark_down.rules_stale', undefined, { field: 'expectedVersion' })
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
