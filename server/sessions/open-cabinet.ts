// Scan to open (扫码开门): one unit that adopts a repeated intent, checks cabinet and buyer, freezes the contract, holds money
// and leaves a signed unlock in the outbox. The unlock is sent after the commit; the cabinet may refuse it still.
import type { Effect } from '../context.ts'
import { issueCommand } from '../cabinets/issue-command.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'
import type { PaymentPort } from '../payments/payment-port.ts'
import { walletOf } from '../payments/wallets.ts'
import { makeContract } from './contract-lanes.ts'
import { newsOf } from './session-news.ts'
import type { SessionSettings } from './settings.ts'
import type { DeclaredLoad } from './schema.ts'
import type { ContractLane } from './pricing.ts'
import { findByIntent, findCabinetByCode, findContracted, findLive, findSession } from './store.ts'
import type { Contracted, SessionRow } from './store.ts'

export interface OpenDeps {
  readonly signer: CommandSigner
  readonly payments: PaymentPort
  readonly settings: SessionSettings
}

/** Who opens which cabinet, by an intent made once. */
export interface OpenRequest {
  readonly accountId: string
  readonly accountName: string
  readonly cabinetCode: string
  readonly idempotencyKey: string
}

export interface OpenedSession {
  readonly session: SessionRow
  readonly effects: readonly Effect[]
}

export function* openCabinet(ctx: UnitContext, deps: OpenDeps, request: OpenRequest): Unit<OpenedSession> {
  const adopted = yield* adoptIntent('sale', request)
  if (adopted !== undefined) return { session: adopted, effects: [] }
  const cabinet = yield* requireCabinet(request.cabinetCode)
  const { planogram, prices, reported } = cabinet
  if (reported.planogramVersion !== planogram.version || reported.pricesVersion !== prices.version) {
    throw new RefusalError('session.twin_behind')
  }
  // Staff may open it all the same: somebody has to inspect the goods.
  if (cabinet.alarms?.includes('over_temperature') === true) throw new RefusalError('cabinet.over_temperature')
  yield* requireFree(request.accountId, cabinet.cabinetId)
  const lanes = yield* makeContract(ctx, {
    cabinetId: cabinet.cabinetId,
    planned: planogram.lanes,
    prices: prices.prices,
  })
  const sessionId = ctx.newId()
  const heldFen = yield* holdMoney(ctx, deps, sessionId, request.accountId)
  const versions = { planogramVersion: planogram.version, pricesVersion: prices.version }
  const command = yield* issueCommand(ctx, deps.signer, {
    cabinetId: cabinet.cabinetId,
    kind: 'unlock',
    body: { sessionId, holdFen: heldFen, ...versions },
    validForMs: deps.settings.unlockValidMs,
    issuedBy: request.accountName,
  })
  const session = yield* insertSession(ctx, {
    sessionId,
    kind: 'sale',
    ...pickRequest(request),
    cabinetId: cabinet.cabinetId,
    hostSiteName: cabinet.hostSiteName,
    commandId: command.commandId,
    ...versions,
    heldFen,
    deadlineAtMs: command.expiresAtMs + deps.settings.unlockGraceMs,
    lanes,
    loads: [],
  })
  return { session, effects: [command.effect, ...newsOf(session)] }
}

function pickRequest({ accountId, accountName, cabinetCode, idempotencyKey }: OpenRequest) {
  return { accountId, accountName, cabinetCode, idempotencyKey }
}

/** The session this intent made before, if any. Refuses with session.intent_conflict when it was made for something else. */
export function* adoptIntent(kind: SessionRow['kind'], request: OpenRequest): Unit<SessionRow | undefined> {
  const known = yield* findByIntent(request.accountId, request.idempotencyKey)
  if (known === undefined) return undefined
  if (known.kind !== kind || known.cabinetCode !== request.cabinetCode) {
    throw new RefusalError('session.intent_conflict', undefined, { field: 'idempotencyKey' })
  }
  return known
}

/** What a restock was opened to load. */
export function* findAgreedLoads(sessionId: string): Unit<Contracted['loads'] | undefined> {
  return (yield* findContracted(sessionId))?.loads
}

/** The cabinet, enrolled, live, online and in service, with both its twins. */
export function* requireCabinet(code: string) {
  const cabinet = yield* findCabinetByCode(code)
  if (cabinet === undefined) throw new RefusalError('cabinet.unknown', undefined, { field: 'cabinetCode' })
  const { planogram, prices, reported, isOnline, isInService, ...rest } = cabinet
  if (!cabinet.isEnrolled) throw new RefusalError('cabinet.not_enrolled')
  if (isOnline !== true) throw new RefusalError('cabinet.offline')
  if (cabinet.rolloutState !== 'live' || isInService !== true) throw new RefusalError('cabinet.out_of_service')
  if (planogram === null || prices === null || reported === null) throw new RefusalError('session.twin_behind')
  return { ...rest, planogram, prices, reported }
}

/** One live session per buyer and per cabinet; unique indexes say the same to whoever comes at the same time. */
export function* requireFree(accountId: string, cabinetId: string): Unit<void> {
  const live = yield* findLive({ accountId, cabinetId })
  if (live.some((one) => one.cabinetId === cabinetId && one.accountId !== accountId)) {
    throw new RefusalError('session.cabinet_busy')
  }
  const own = live.find((one) => one.accountId === accountId)
  if (own !== undefined)
    throw new RefusalError('session.buyer_busy', undefined, { facts: { sessionId: own.sessionId } })
}

function* holdMoney(ctx: UnitContext, deps: OpenDeps, sessionId: string, accountId: string): Unit<number> {
  const { minHoldFen, maxHoldFen } = deps.settings
  const { balanceFen } = yield* walletOf(ctx, accountId)
  if (balanceFen < minHoldFen) {
    throw new RefusalError('session.wallet_too_low', undefined, { facts: { balanceFen, neededFen: minHoldFen } })
  }
  const amountFen = Math.min(balanceFen, maxHoldFen)
  yield* deps.payments.hold(ctx, { intentId: sessionId, payerAccountId: accountId, amountFen })
  return amountFen
}

type NewSession = OpenRequest &
  Pick<
    SessionRow,
    | 'sessionId'
    | 'kind'
    | 'cabinetId'
    | 'hostSiteName'
    | 'commandId'
    | 'planogramVersion'
    | 'pricesVersion'
    | 'heldFen'
    | 'deadlineAtMs'
  > & {
    readonly lanes: ContractLane[]
    readonly loads: DeclaredLoad[]
    /** Opened by an offline pass, and reported afterwards. */
    readonly onPass?: { readonly passId: string; readonly startedAtMs: number; readonly flags: string[] }
  }

/** Whether the server has heard of a session: one that a pass opened is born in the cabinet. */
export function* isSessionKnown(sessionId: string): Unit<boolean> {
  return (yield* findSession(sessionId)) !== undefined
}

export function* insertSession(ctx: UnitContext, { lanes, loads, onPass, ...known }: NewSession): Unit<SessionRow> {
  const session: SessionRow = {
    ...known,
    // What happened on a pass is over by now: it stands in nobody's way while the rest of the journal comes in.
    state: onPass === undefined ? 'authorised' : 'silent',
    passId: onPass?.passId ?? null,
    totalFen: null,
    shortfallFen: null,
    reason: null,
    flags: onPass?.flags ?? null,
    receiptNumber: null,
    pricingVersion: null,
    confidencePpm: null,
    authorisedAtMs: onPass?.startedAtMs ?? ctx.now(),
    answeredAtMs: onPass?.startedAtMs ?? null,
    openedAtMs: onPass?.startedAtMs ?? null,
    endedAtMs: null,
    outcomeSeq: null,
  }
  yield* insertRows(ctx.tables.shoppingSessions, [session])
  yield* insertRows(ctx.tables.sessionContracts, [{ sessionId: session.sessionId, lanes, loads }])
  return session
}
