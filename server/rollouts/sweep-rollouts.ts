// Carries roll-outs on, again and again: judges the cabinets that were heard, then sends, waits, goes on to the next wave,
// stops or finishes as rules.ts decides. What cabinets report is read outside the writing unit, so that a sweep never
// conflicts with the writes of a busy fleet; every step is one short unit, so that a process may die between any two.
import { and, asc, eq, inArray } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { ChangedTwin } from '../cabinets/change-twin.ts'
import { diffTwin } from '../cabinets/twin-diff.ts'
import type { Effect, ServerContext } from '../context.ts'
import { attempt, exec, rows, statement, type Unit, type UnitContext } from '../db/unit.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'
import { type AppliedChange, applyChange, undoChange } from './apply-change.ts'
import { decide, judgeCabinet, nextState, type Verdict } from './rules.ts'
import { countCabinets, findToJudge, requireRollout, type RolloutRow } from './store.ts'

/** Most cabinets one unit judges, and sends to. */
const judgedAtOnce = 250
const sentAtOnce = 50
/** Most steps of one roll-out in one sweep: 10,000 cabinets take several sweeps, and others get their turn. */
const maxSteps = 100

const underWay = statement(({ db, tables: { rollouts: t } }) =>
  db
    .select({ rolloutId: t.rolloutId })
    .from(t)
    .where(inArray(t.state, ['running', 'reverting'])),
)

export async function sweepRollouts(ctx: ServerContext, signal: AbortSignal): Promise<void> {
  const active = await ctx.database.read(() => rows(underWay.with({})))
  for (const { rolloutId } of active) {
    for (let step = 0; step < maxSteps && !signal.aborted; step += 1) {
      if (!(await carryOn(ctx, rolloutId))) break
    }
  }
}

interface Judged {
  readonly cabinetId: Id
  /** Of the status that was judged. */
  readonly revision: number
  readonly verdict: Verdict
}

/** One step of one roll-out; false when there is nothing more to do now. */
async function carryOn(ctx: ServerContext, rolloutId: Id): Promise<boolean> {
  const { database, signer } = ctx
  const judged = await database.read((unit) => judgeAll(unit, rolloutId))
  if (judged.length > 0) {
    await database.run((unit) => keepVerdicts(unit, rolloutId, judged))
    if (judged.length === judgedAtOnce) return true
  }
  const { isMore, effects } = await database.run((unit) => takeStep(unit, signer, rolloutId))
  ctx.perform(effects)
  return isMore
}

function* judgeAll(ctx: UnitContext, rolloutId: Id): Unit<Judged[]> {
  const rollout = yield* requireRollout(ctx, rolloutId)
  const found = yield* findToJudge(ctx, rollout, judgedAtOnce)
  return found.map(({ cabinetId, revision, reported, desiredVersion, sentAtMs, lastSeenAtMs, ...row }) => {
    const diff = diffTwin(row, reported ?? undefined).parts.find(({ part }) => part === rollout.kind)
    if (diff === undefined) throw new Error(`a twin has no part ${rollout.kind}`)
    const cabinet = {
      ...row,
      diff,
      desiredVersion: desiredVersion ?? 0,
      reportedVersion: reported?.desiredVersion,
      sentAtMs: sentAtMs ?? 0,
      lastSeenAtMs: lastSeenAtMs ?? undefined,
    }
    const verdict = judgeCabinet(cabinet, ctx.now(), rollout.waveTimeoutMs)
    // What was listed stays so until it is equal.
    const isStill = row.state === 'listed' && verdict.state !== 'equal'
    return { cabinetId, revision, verdict: isStill ? { state: 'sent' as const } : verdict }
  })
}

function* keepVerdicts(ctx: UnitContext, rolloutId: Id, judged: readonly Judged[]): Unit<void> {
  const { rolloutCabinets: c } = ctx.tables
  const judgedAtMs = ctx.now()
  for (const { cabinetId, revision, verdict } of judged) {
    const judgement = { judgedAtMs, judgedRevision: revision }
    const change =
      verdict.state === 'sent'
        ? judgement
        : {
            ...judgement,
            settledAtMs: judgedAtMs,
            state: verdict.state,
            reason: verdict.state === 'listed' ? verdict.reason : null,
            isError: verdict.state === 'listed' && verdict.isError,
          }
    // A cabinet that a person has sent back meanwhile is waiting again and keeps that.
    const isOpen = inArray(c.state, ['sent', 'listed'])
    yield* exec(
      ctx.db
        .update(c)
        .set(change)
        .where(and(eq(c.rolloutId, rolloutId), eq(c.cabinetId, cabinetId), isOpen)),
    )
  }
}

interface StepResult {
  readonly isMore: boolean
  readonly effects: readonly Effect[]
}
const nothingToDo: StepResult = { isMore: false, effects: [] }

function* takeStep(ctx: UnitContext, signer: CommandSigner, rolloutId: Id): Unit<StepResult> {
  const rollout = yield* requireRollout(ctx, rolloutId)
  const isReverting = rollout.state === 'reverting'
  if (rollout.state !== 'running' && !isReverting) return nothingToDo
  const { counts, errors } = yield* countCabinets(ctx, rollout, isReverting ? undefined : rollout.wave)
  const isLastWave = rollout.wave >= rollout.waveSizes.length - 1
  const decision = decide({ ...rollout, isReverting, counts, errors, isLastWave })
  if (decision === 'wait') return nothingToDo
  if (decision === 'send') return { isMore: true, effects: yield* sendSome(ctx, signer, rollout) }
  const { rollouts: t } = ctx.tables
  const set = (change: Partial<typeof t.$inferInsert>) =>
    exec(ctx.db.update(t).set(change).where(eq(t.rolloutId, rolloutId)))
  if (decision === 'advance') {
    yield* set({ wave: rollout.wave + 1 })
    return { isMore: true, effects: [] }
  }
  const move = decision === 'finish' ? (isReverting ? 'finishReverting' : 'finish') : 'stop'
  const state = nextState(rollout.state, move)
  if (state === undefined) throw new Error(`${move} in ${rollout.state}`)
  if (typeof decision === 'object') yield* set({ state, stopReason: decision.stop })
  else yield* set({ state, activeKind: null, endedAtMs: ctx.now() })
  return nothingToDo
}

/** Sends the change, or what was before, to the next cabinets of the wave. One that refuses is listed with its code. */
function* sendSome(ctx: UnitContext, signer: CommandSigner, rollout: RolloutRow): Unit<readonly Effect[]> {
  const { rolloutCabinets: c, cabinetStatuses: s } = ctx.tables
  const isGoingBack = rollout.state === 'reverting'
  const next = yield* rows(
    ctx.db
      .select({
        cabinetId: c.cabinetId,
        previous: c.previous,
        partVersion: c.partVersion,
        isOnline: s.isOnline,
        judgedRevision: s.revision,
      })
      .from(c)
      .innerJoin(s, eq(s.cabinetId, c.cabinetId))
      .where(
        and(
          eq(c.rolloutId, rollout.rolloutId),
          eq(c.state, 'waiting'),
          isGoingBack ? eq(c.isGoingBack, true) : eq(c.wave, rollout.wave),
        ),
      )
      .orderBy(asc(c.position))
      .limit(sentAtOnce),
  )
  const effects: Effect[] = []
  for (const { cabinetId, previous, partVersion, isOnline, judgedRevision } of next) {
    const whose = { cabinetId, changedBy: `rollout ${rollout.title}` }
    const { change } = rollout
    let sent: Kept
    if (!isGoingBack) sent = yield* keepSent(ctx, applyChange(ctx, whose, change), isOnline, effects)
    // Listed before it was ever sent: there is nothing to put back.
    else if (previous === null || partVersion === null) sent = settled(ctx, { state: 'equal' })
    else {
      const undone = undoChange(ctx, signer, whose, { previous, partVersion, change })
      sent = yield* keepSent(ctx, undone, isOnline, effects)
    }
    const isOne = and(eq(c.rolloutId, rollout.rolloutId), eq(c.cabinetId, cabinetId))
    yield* exec(
      ctx.db
        .update(c)
        .set({ ...sent, judgedRevision })
        .where(isOne),
    )
  }
  return effects
}

type Kept = Partial<UnitContext['tables']['rolloutCabinets']['$inferInsert']>

function settled(ctx: UnitContext, kept: Kept): Kept {
  return { ...kept, settledAtMs: ctx.now(), judgedAtMs: ctx.now() }
}

/** Runs the change of one cabinet; what is to be kept of it. Its effects are added to those of the step. */
function* keepSent(
  ctx: UnitContext,
  work: Unit<ChangedTwin & Partial<Pick<AppliedChange, 'previous' | 'partVersion'>>>,
  wasOnline: boolean,
  effects: Effect[],
): Unit<Kept> {
  const sent = yield* attempt(work)
  if (!sent.ok) return settled(ctx, { state: 'listed', reason: sent.refusal.code, isError: true })
  const { twin, previous, partVersion } = sent.value
  effects.push(...sent.value.effects)
  const atMs = ctx.now()
  return {
    state: 'sent',
    sentAtMs: atMs,
    judgedAtMs: atMs,
    wasOnline,
    desiredVersion: twin.version,
    ...(previous === undefined ? {} : { previous, partVersion }),
  }
}
