// Opens a cabinet for a restocker: checks lane by lane what will be loaded, and leaves a signed restock-open in the outbox. Lots
// and counts enter the books when the cabinet reports what it found, never before.
import { recordAudit } from '../audit/record-audit.ts'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'
import { issueCommand } from '../cabinets/issue-command.ts'
import { findLotsById } from '../catalog/find-goods.ts'
import type { LotRow } from '../catalog/find-goods.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { openRecallsOf } from '../recalls/find-recalls.ts'
import { RefusalError } from '../errors/refusal.ts'
import { adoptIntent, findAgreedLoads, insertSession, requireCabinet, requireFree } from '../sessions/open-cabinet.ts'
import type { OpenDeps, OpenedSession, OpenRequest } from '../sessions/open-cabinet.ts'
import { newsOf } from '../sessions/session-news.ts'

export interface Load {
  readonly laneId: string
  readonly lotId: string
  readonly skuId: string
  readonly count: number
  readonly isReplacement: boolean
}

export interface RestockRequest extends OpenRequest {
  readonly loads: readonly Load[]
}

interface PlannedLane {
  readonly laneId: string
  readonly skuId: string
  readonly capacity: number
}

export function* openForRestock(ctx: UnitContext, deps: OpenDeps, request: RestockRequest): Unit<OpenedSession> {
  const { loads, ...opening } = request
  const adopted = yield* adoptIntent('restock', opening)
  if (adopted !== undefined) {
    yield* requireSameLoads(adopted.sessionId, loads)
    return { session: adopted, effects: [] }
  }
  const { planogram } = yield* requireCabinet(request.cabinetCode)
  const lots = yield* findLotsById(ctx, [...new Set(loads.map((load) => load.lotId))])
  checkLoads(loads, planogram.lanes, lots, ctx.now())
  yield* refuseRecalled(ctx, loads)
  return yield* openWithLoads(ctx, deps, request)
}

/** Opens for loads that are checked already; refuses what keeps a cabinet from opening. `taskId`: the task it is done for. */
export function* openWithLoads(
  ctx: UnitContext,
  deps: OpenDeps,
  request: RestockRequest & { readonly taskId?: string },
): Unit<OpenedSession> {
  const { loads, taskId, ...opening } = request
  const cabinet = yield* requireCabinet(request.cabinetCode)
  const { cabinetId, planogram, prices } = cabinet
  yield* requireFree(request.accountId, cabinetId)
  const sessionId = ctx.newId()
  const command = yield* issueCommand(ctx, deps.signer, {
    cabinetId,
    kind: 'restock-open',
    body: { sessionId, restockerId: request.accountId, loads: [...loads] },
    validForMs: deps.settings.unlockValidMs,
    issuedBy: request.accountName,
  })
  const session = yield* insertSession(ctx, {
    ...opening,
    sessionId,
    kind: 'restock',
    cabinetId,
    hostSiteName: cabinet.hostSiteName,
    commandId: command.commandId,
    planogramVersion: planogram.version,
    pricesVersion: prices.version,
    heldFen: 0,
    deadlineAtMs: command.expiresAtMs + deps.settings.unlockGraceMs,
    lanes: [],
    loads: [...loads],
  })
  yield* recordAudit(ctx, {
    accountId: request.accountId,
    action: 'restock.opened',
    subjectId: cabinetId,
    detail: { sessionId, loads, ...(taskId === undefined ? {} : { taskId }) },
  })
  return { session, effects: [command.effect, ...newsOf(session)] }
}

/** The key belongs to the intent: with other loads it is another intent, refused with session.intent_conflict. */
function* requireSameLoads(sessionId: string, loads: readonly Load[]): Unit<void> {
  const agreed = yield* findAgreedLoads(sessionId)
  if (canonicalJson(agreed) === canonicalJson(loads)) return
  throw new RefusalError('session.intent_conflict', undefined, { field: 'idempotencyKey' })
}

/** What is under recall is not loaded. */
function* refuseRecalled(ctx: UnitContext, loads: readonly Load[]): Unit<void> {
  const lotIds = loads.map(({ lotId }) => lotId)
  const recalled = yield* openRecallsOf(ctx, lotIds)
  const index = lotIds.findIndex((lotId) => recalled.has(lotId))
  if (index < 0) return
  throw new RefusalError('restock.load_invalid', `load ${index + 1}: the lot is under recall`, {
    field: `loads.${index}.lotId`,
  })
}

/** Refuses with restock.load_invalid, naming the load and what is wrong with it. */
function checkLoads(
  loads: readonly Load[],
  planned: readonly PlannedLane[],
  lots: ReadonlyMap<string, LotRow>,
  nowMs: number,
): void {
  const fromDepot = new Map<string, number>()
  const seen = new Set<string>()
  for (const [index, load] of loads.entries()) {
    const refuse = (field: string, why: string): never => {
      throw new RefusalError('restock.load_invalid', `load ${index + 1}: ${why}`, { field: `loads.${index}.${field}` })
    }
    if (seen.has(load.laneId)) refuse('laneId', `lane ${load.laneId} is loaded twice`)
    seen.add(load.laneId)
    const lane = planned.find((candidate) => candidate.laneId === load.laneId)
    if (lane === undefined) return refuse('laneId', `the planogram has no lane ${load.laneId}`)
    if (lane.skuId !== load.skuId) refuse('skuId', `lane ${load.laneId} holds another SKU`)
    if (load.count > lane.capacity) refuse('count', `lane ${load.laneId} holds ${lane.capacity} at most`)
    const lot = lots.get(load.lotId)
    if (lot === undefined) return refuse('lotId', 'there is no such lot')
    if (lot.skuId !== load.skuId) refuse('lotId', `lot ${lot.traceCode} is of another SKU`)
    if (lot.expiresAtMs < nowMs) refuse('lotId', `lot ${lot.traceCode} is past its date`)
    // A replacement states what the lane holds; only what is added comes from the depot.
    const wanted = (fromDepot.get(load.lotId) ?? 0) + (load.isReplacement ? 0 : load.count)
    fromDepot.set(load.lotId, wanted)
    if (wanted > lot.unitsAtDepot) refuse('count', `lot ${lot.traceCode} has ${lot.unitsAtDepot} units at the depot`)
  }
}
