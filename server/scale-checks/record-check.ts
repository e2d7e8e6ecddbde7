// Notes a check of a lane with check weights. A failed one locks the lane in the same unit; a passed one ends that lock, by the
// person who checked. Nobody lets such a lane go without weighing.
import type { z } from 'zod'
import type { CheckedLoad, recordScaleCheck } from '#shared/contracts/http/scale-checks.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { findTwin } from '../cabinets/change-twin.ts'
import type { Effect } from '../context.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { openLocksOf } from '../lane-locks/find-locks.ts'
import { lockLanes, releaseLanes } from '../lane-locks/lock-lanes.ts'
import { isTelling, judgeLoads } from './rules.ts'
import type { ScaleData } from './rules.ts'
import { findCertificateOf } from './store.ts'
import type { CertificateRow } from './store.ts'

export type CheckInput = z.output<(typeof recordScaleCheck)['body']> & {
  readonly cabinetId: string
  readonly by: { readonly accountId: string; readonly name: string }
}

export interface RecordedCheck {
  readonly checkId: string
  readonly isPassed: boolean
  readonly loads: CheckedLoad[]
  /** The lane is locked for its scale after this check. */
  readonly isLocked: boolean
  /** It was, and this check ended that. */
  readonly isReleased: boolean
  readonly effects: readonly Effect[]
}

/** Refuses with cabinet.unknown and scale_check.*; nothing is noted then. */
export function* recordCheck(ctx: UnitContext, input: CheckInput): Unit<RecordedCheck> {
  const { cabinetId, laneId, weightSet, note, by } = input
  const { planogram } = yield* findTwin(ctx, cabinetId)
  if (!planogram.lanes.some((lane) => lane.laneId === laneId))
    throw new RefusalError('scale_check.lane_unknown', undefined, { field: 'laneId' })
  const newest = yield* findCertificateOf(ctx, cabinetId)
  const certificate = newest !== undefined && newest.expiresAtMs > ctx.now() ? newest : undefined
  const scale = scaleOf(input, certificate)
  const loads = judge(scale, input, certificate)
  const isPassed = loads.every(({ isGood }) => isGood)
  const checkId = ctx.newId()
  const { accuracyClass, intervalMg } = scale
  yield* insertRows(ctx.tables.scaleChecks, [
    {
      checkId,
      cabinetId,
      laneId,
      accuracyClass,
      intervalMg,
      certificateId: certificate?.certificateId,
      weightSet,
      loads,
      isPassed,
      checkedBy: by.accountId,
      checkedByName: by.name,
      checkedAtMs: ctx.now(),
      note,
    },
  ])
  yield* recordAudit(ctx, {
    accountId: by.accountId,
    action: 'scale.checked',
    subjectId: cabinetId,
    why: note,
    detail: { checkId, laneId, isPassed, accuracyClass, intervalMg, loads: loads.map((load) => ({ ...load })) },
  })
  return { checkId, isPassed, loads, ...(yield* lockOrRelease(ctx, input, { checkId, isPassed, loads })) }
}

/** The certificate's word; without a valid one, the person's. */
function scaleOf({ accuracyClass, intervalMg }: CheckInput, certificate: CertificateRow | undefined): ScaleData {
  if (certificate === undefined) {
    if (accuracyClass === undefined)
      throw new RefusalError('scale_check.class_unknown', undefined, { field: 'accuracyClass' })
    if (intervalMg === undefined)
      throw new RefusalError('scale_check.class_unknown', undefined, { field: 'intervalMg' })
    return { accuracyClass, intervalMg }
  }
  if (accuracyClass !== undefined && accuracyClass !== certificate.accuracyClass)
    throw new RefusalError('scale_check.class_differs', undefined, { field: 'accuracyClass' })
  if (intervalMg !== undefined && intervalMg !== certificate.intervalMg)
    throw new RefusalError('scale_check.class_differs', undefined, { field: 'intervalMg' })
  return certificate
}

function judge(scale: ScaleData, { loads }: CheckInput, certificate: CertificateRow | undefined): CheckedLoad[] {
  if (!isTelling(loads)) throw new RefusalError('scale_check.loads_insufficient', undefined, { field: 'loads' })
  const judged = judgeLoads(scale, loads)
  const most = certificate?.maxMassMg ?? Number.POSITIVE_INFINITY
  const beyond = 'beyond' in judged ? judged.beyond : loads.findIndex(({ nominalMg }) => nominalMg > most)
  if (beyond >= 0 || 'beyond' in judged)
    throw new RefusalError('scale_check.load_beyond_range', undefined, { field: `loads.${beyond}.nominalMg` })
  return judged
}

function* lockOrRelease(
  ctx: UnitContext,
  { cabinetId, laneId, note, by }: CheckInput,
  { checkId, isPassed, loads }: Pick<RecordedCheck, 'checkId' | 'isPassed' | 'loads'>,
): Unit<Pick<RecordedCheck, 'isLocked' | 'isReleased' | 'effects'>> {
  const held = (yield* openLocksOf(cabinetId)).filter((lock) => lock.laneId === laneId && lock.reason === 'scale_drift')
  const place = { cabinetId, laneIds: [laneId], reason: 'scale_drift' as const }
  if (!isPassed) {
    if (held.length > 0) return { isLocked: true, isReleased: false, effects: [] }
    const by = { accountId: undefined, name: 'scale check' }
    const { effects } = yield* lockLanes(ctx, { ...place, causeId: checkId, by, note: wordsOf(loads) })
    return { isLocked: true, isReleased: false, effects }
  }
  let effects: readonly Effect[] = []
  for (const { causeId } of held) {
    const released = yield* releaseLanes(ctx, { ...place, causeId, by, note: note ?? `scale check ${checkId}` })
    effects = [...effects, ...released.effects]
  }
  return { isLocked: false, isReleased: held.length > 0, effects }
}

/** The loads that were off, in grams. */
function wordsOf(loads: readonly CheckedLoad[]): string {
  return loads
    .filter(({ isGood }) => !isGood)
    .map(({ nominalMg, shownMg, limitMg }) => `${nominalMg / 1_000} g: ${shownMg / 1_000} g (±${limitMg / 1_000} g)`)
    .join('; ')
    .slice(0, 300)
}
