// Takes what phones say was done. A step has the id and the time its phone gave it, so it counts once however often and however
// late it comes; one that does not fit is kept and listed, and the others of the same sending are applied all the same.
import { eq } from 'drizzle-orm'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'
import type { RestockStep, StepOutcome } from '#shared/contracts/http/restock-tasks.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { Effect } from '../context.ts'
import { insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { applyStep } from './apply-step.ts'
import type { Applied } from './apply-step.ts'
import type { Worker } from './show-tasks.ts'
import { findTask } from './store.ts'

export interface StepsInput {
  readonly taskId: string
  readonly worker: Worker
  /** The phone's clock when it sends. */
  readonly sentAtMs: number
  readonly steps: readonly RestockStep[]
}

/** A phone's clock may be off by so much. */
const clockSlackMs = 5 * 60_000
/** Longer than this no phone keeps steps to itself. */
const longestOfflineMs = 14 * 86_400_000

/** Refuses with restock_task.unknown and, naming the time that cannot be, restock_task.clock_wrong. */
export function* addSteps(
  ctx: UnitContext,
  input: StepsInput,
): Unit<{ readonly outcomes: StepOutcome[]; readonly effects: readonly Effect[] }> {
  const { taskId, worker } = input
  if ((yield* findTask(ctx, taskId)) === undefined) throw new RefusalError('restock_task.unknown')
  checkClock(input, ctx.now())
  // At the same instant the phone’s own order holds.
  const steps = input.steps.toSorted((a, b) => a.atMs - b.atMs)
  const outcomes = new Map<string, StepOutcome>()
  const effects: Effect[] = []
  for (const step of steps) {
    const outcome = (yield* findRepeat(ctx, taskId, step)) ?? (yield* takeStep(ctx, input, step, effects))
    // One sending that names an id twice: the first of the two counts.
    if (!outcomes.has(step.stepId)) outcomes.set(step.stepId, outcome)
  }
  const told = input.steps.flatMap(({ stepId }) => outcomes.get(stepId) ?? [])
  yield* recordAudit(ctx, {
    accountId: worker.accountId,
    action: 'restock_task.steps_told',
    subjectId: taskId,
    detail: { steps: told.map(({ stepId, outcome, conflict }) => ({ stepId, outcome, conflict: conflict ?? null })) },
  })
  return { outcomes: told, effects }
}

/** A clock that is years off would put what was done into the wrong order. */
function checkClock({ sentAtMs, steps }: StepsInput, nowMs: number): void {
  const refuse = (field: string): never => {
    throw new RefusalError('restock_task.clock_wrong', undefined, { field, facts: { serverMs: nowMs } })
  }
  if (Math.abs(sentAtMs - nowMs) > clockSlackMs) refuse('sentAtMs')
  for (const [index, { atMs }] of steps.entries())
    if (atMs > nowMs + clockSlackMs || atMs < nowMs - longestOfflineMs) refuse(`steps.${index}.atMs`)
}

const bodyOf = ({ stepId: _id, atMs: _at, ...body }: RestockStep): Record<string, unknown> =>
  JSON.parse(JSON.stringify(body)) as Record<string, unknown>

function* findRepeat(ctx: UnitContext, taskId: string, step: RestockStep): Unit<StepOutcome | undefined> {
  const { restockSteps: t } = ctx.tables
  const known = yield* one(ctx.db.select().from(t).where(eq(t.stepId, step.stepId)))
  if (known === undefined) return undefined
  const { stepId } = step
  const isSame =
    known.taskId === taskId && known.atMs === step.atMs && canonicalJson(known.body) === canonicalJson(bodyOf(step))
  // The id is taken, so this one cannot be listed; the audit row of the sending keeps it.
  if (!isSame) return { stepId, outcome: 'kept', conflict: 'step_id_reused' }
  return known.isApplied ? { stepId, outcome: 'repeated' } : { stepId, outcome: 'kept', ...conflictOf(known) }
}

function conflictOf({ conflict, detail }: { readonly conflict: string | null; readonly detail: string | null }) {
  return {
    ...(conflict === null ? {} : { conflict: conflict as NonNullable<StepOutcome['conflict']> }),
    ...(detail === null ? {} : { detail }),
  }
}

function* takeStep(
  ctx: UnitContext,
  { taskId, worker }: StepsInput,
  step: RestockStep,
  effects: Effect[],
): Unit<StepOutcome> {
  const applied: Applied = yield* applyStep(ctx, { taskId, worker, step })
  effects.push(...(applied.effects ?? []))
  const { isApplied, conflict, detail } = applied
  const { stepId, kind, atMs } = step
  yield* insertRows(ctx.tables.restockSteps, [
    {
      stepId,
      taskId,
      kind,
      laneId: step.kind === 'lane-done' ? step.laneId : null,
      body: bodyOf(step),
      accountId: worker.accountId,
      byName: worker.displayName,
      atMs,
      receivedAtMs: ctx.now(),
      isApplied,
      conflict: conflict ?? null,
      detail: detail ?? null,
    },
  ])
  return {
    stepId,
    outcome: isApplied ? 'applied' : 'kept',
    ...(conflict === undefined ? {} : { conflict }),
    ...(detail === undefined ? {} : { detail }),
  }
}
