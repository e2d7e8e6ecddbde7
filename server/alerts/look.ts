// One look at everything: what holds is compared with what is known, and every change and every message it causes commit
// together. Any number of processes may look; the open alert of a subject is unique.
import { eq } from 'drizzle-orm'
import { exec, insertRows, type Unit, type UnitContext } from '../db/unit.ts'
import { findConditions } from './find-conditions.ts'
import { planMoves, type AlertMove, type Recipient, type Rule } from './rules.ts'
import { findOpenAlerts, findRecipients, findRules, tell, tellEnd } from './store.ts'

export interface Look {
  readonly raised: number
  readonly cleared: number
  /** Raised or escalated, and nobody to tell: the page is all that shows it. */
  readonly unheard: number
}

interface Setting {
  readonly rules: ReadonlyMap<string, Rule>
  readonly recipients: readonly Recipient[]
}

export function* lookAtEverything(ctx: UnitContext): Unit<Look> {
  const rules = yield* findRules()
  const setting: Setting = {
    rules: new Map(rules.map((rule) => [rule.kind, rule])),
    recipients: yield* findRecipients(),
  }
  const moves = planMoves(rules, yield* findConditions(ctx, rules), yield* findOpenAlerts(), ctx.now())
  let unheard = 0
  for (const move of moves) {
    const told = yield* makeMove(ctx, setting, move)
    if (told === 0) unheard += 1
  }
  const count = (isCounted: (move: AlertMove) => boolean) => moves.filter(isCounted).length
  return {
    raised: count((one) => one.move === 'raise' || (one.move === 'see' && one.isRaised)),
    cleared: count(({ move }) => move === 'clear'),
    unheard,
  }
}

/** Returns how many are told when the move tells somebody. */
function* makeMove(ctx: UnitContext, setting: Setting, move: AlertMove): Unit<number | undefined> {
  const { alerts: t } = ctx.tables
  if (move.move === 'see') return yield* see(ctx, setting, move)
  const { alertId, kind } = move.alert
  const change = (values: Partial<typeof t.$inferInsert>) =>
    exec(ctx.db.update(t).set(values).where(eq(t.alertId, alertId)))
  const severity = setting.rules.get(kind)?.severity ?? 'warning'
  const nowMs = ctx.now()
  switch (move.move) {
    case 'raise':
      yield* change({ raisedAtMs: nowMs, toldAtMs: nowMs, level: 1, severity, facts: move.facts, goneSinceMs: null })
      return yield* tell(ctx, setting.recipients, { alertId, kind, level: 1, severity }, 'raised')
    case 'escalate':
      yield* change({ toldAtMs: nowMs, level: move.level })
      return yield* tell(ctx, setting.recipients, { alertId, kind, level: move.level, severity }, 'escalated')
    case 'miss':
      yield* change({ goneSinceMs: nowMs })
      return undefined
    case 'return':
      yield* change({ goneSinceMs: null })
      return undefined
    case 'forget':
      yield* exec(ctx.db.delete(t).where(eq(t.alertId, alertId)))
      return undefined
    case 'clear':
      yield* change({ clearedAtMs: nowMs })
      yield* tellEnd(ctx, alertId)
      return undefined
  }
}

function* see(
  ctx: UnitContext,
  setting: Setting,
  { condition, sinceMs, isRaised }: Extract<AlertMove, { move: 'see' }>,
): Unit<number | undefined> {
  const { kind, subjectId, cabinetId = null, facts } = condition
  const severity = setting.rules.get(kind)?.severity ?? 'warning'
  const alertId = ctx.newId()
  const nowMs = ctx.now()
  const inserted = yield* insertRows(
    ctx.tables.alerts,
    [
      {
        alertId,
        kind,
        subjectId,
        cabinetId,
        severity,
        facts,
        sinceMs,
        raisedAtMs: isRaised ? nowMs : null,
        level: isRaised ? 1 : 0,
        toldAtMs: isRaised ? nowMs : null,
      },
    ],
    'ignore',
  )
  if (inserted === 0 || !isRaised) return undefined
  return yield* tell(ctx, setting.recipients, { alertId, kind, level: 1, severity }, 'raised')
}
