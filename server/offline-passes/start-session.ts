// A cabinet reports that it opened on a pass: the session comes into being on the server, on the shelf the cabinet had then, to
// be charged to the pass's hold. The same pass a second time is a session too: the goods are gone, and whose they were is paid.
import { and, eq } from 'drizzle-orm'
import type { EventBody } from '#shared/contracts/mqtt/event.ts'
import type { Planogram, PriceList } from '#shared/contracts/mqtt/twin.ts'
import type { Effect } from '../context.ts'
import { insertRows, one, type Unit, type UnitContext } from '../db/unit.ts'
import { openDraw } from '../payments/wallet-payments.ts'
import { makeLateContract } from '../sessions/contract-lanes.ts'
import { addFinding, type Finding } from '../sessions/findings.ts'
import { insertSession, isSessionKnown } from '../sessions/open-cabinet.ts'
import { newsOf } from '../sessions/session-news.ts'

/** `session.started` of a session that a pass opened. */
export interface PassStart {
  readonly cabinetId: string
  readonly seq: number
  readonly atMs: number
  readonly receivedAtMs: number
  readonly body: EventBody<'session.started'>
  readonly passCode: string
}

export function* startOnPass(ctx: UnitContext, event: PassStart): Unit<readonly Effect[]> {
  const { tables: t, db } = ctx
  const { cabinetId, seq, body } = event
  const { sessionId } = body
  // A journal that was renumbered tells its news again.
  if (yield* isSessionKnown(sessionId)) return []
  const find = function* (finding: Finding['finding'], detail: string): Unit<readonly Effect[]> {
    yield* addFinding(ctx, { cabinetId, seq, sessionId, finding, detail })
    return []
  }
  // By the whole code: what the server did not sign is in no row.
  const pass = yield* one(db.select().from(t.offlinePasses).where(eq(t.offlinePasses.code, event.passCode)))
  if (pass === undefined) return yield* find('unknown_pass', event.passCode)
  const place = yield* findPlace(ctx, cabinetId)
  const shelf = yield* findShelf(ctx, cabinetId, body.versions)
  if (place === undefined || shelf === undefined) return yield* find('unknown_shelf', JSON.stringify(body.versions))
  const startedAtMs = Math.min(Math.max(event.atMs, pass.notBeforeMs), event.receivedAtMs)
  const lanes = yield* makeLateContract(ctx, {
    cabinetId,
    planned: shelf.planogram.lanes,
    prices: shelf.prices.prices,
    atMs: startedAtMs,
  })
  const { passId, accountId, accountName, capFen } = pass
  const uses = t.offlinePassUses
  const other = yield* one(
    db
      .select({ sessionId: uses.sessionId, cabinetId: uses.cabinetId })
      .from(uses)
      .where(eq(uses.passId, passId))
      .limit(1),
  )
  const isAfterRevocation = pass.revokedAtMs !== null && startedAtMs > pass.revokedAtMs
  yield* openDraw(ctx, {
    intentId: sessionId,
    drawsOnIntentId: passId,
    payerAccountId: accountId,
    isPayerLiable: !isAfterRevocation,
  })
  const session = yield* insertSession(ctx, {
    sessionId,
    kind: 'sale',
    accountId,
    accountName,
    cabinetCode: place.code,
    idempotencyKey: `pass-${sessionId}`,
    cabinetId,
    hostSiteName: place.hostSiteName,
    commandId: passId,
    planogramVersion: body.versions.planogram,
    pricesVersion: body.versions.prices,
    heldFen: capFen,
    deadlineAtMs: null,
    lanes,
    loads: [],
    onPass: { passId, startedAtMs, flags: other === undefined ? ['offline_pass'] : ['offline_pass', 'pass_repeated'] },
  })
  const use = { sessionId, passId, cabinetId, startedAtMs, reportedAtMs: ctx.now(), isAfterRevocation }
  yield* insertRows(uses, [{ ...use, isRepeat: other !== undefined }])
  if (other !== undefined) {
    const detail = `pass ${passId} of ${accountId}, used before in session ${other.sessionId} at ${other.cabinetId}`
    yield* find('pass_repeated', detail)
  }
  return newsOf(session)
}

function* findPlace({ db, tables: t }: UnitContext, cabinetId: string) {
  return yield* one(
    db
      .select({ code: t.cabinets.code, hostSiteName: t.hostSites.name })
      .from(t.cabinets)
      .innerJoin(t.hostSites, eq(t.hostSites.hostSiteId, t.cabinets.hostSiteId))
      .where(eq(t.cabinets.cabinetId, cabinetId)),
  )
}

/** Planogram and prices of the versions the cabinet held, which may be older than today's. */
function* findShelf(
  ctx: UnitContext,
  cabinetId: string,
  versions: { readonly planogram: number; readonly prices: number },
): Unit<{ planogram: Planogram; prices: PriceList } | undefined> {
  const { cabinetTwins: t } = ctx.tables
  const now = yield* one(ctx.db.select().from(t).where(eq(t.cabinetId, cabinetId)))
  if (now === undefined) return undefined
  const planogram =
    now.planogram.version === versions.planogram
      ? now.planogram
      : ((yield* findOlder(ctx, cabinetId, 'planogram', versions.planogram)) as Planogram | undefined)
  const prices =
    now.prices.version === versions.prices
      ? now.prices
      : ((yield* findOlder(ctx, cabinetId, 'prices', versions.prices)) as PriceList | undefined)
  return planogram === undefined || prices === undefined ? undefined : { planogram, prices }
}

function* findOlder(
  { db, tables: { twinChanges: t } }: UnitContext,
  cabinetId: string,
  part: 'planogram' | 'prices',
  partVersion: number,
): Unit<unknown> {
  const found = yield* one(
    db
      .select({ value: t.value })
      .from(t)
      .where(and(eq(t.cabinetId, cabinetId), eq(t.part, part), eq(t.partVersion, partVersion)))
      .limit(1),
  )
  return found?.value
}

export function* isPass({ db, tables: { offlinePasses: p } }: UnitContext, id: string): Unit<boolean> {
  return (yield* one(db.select({ passId: p.passId }).from(p).where(eq(p.passId, id)))) !== undefined
}
