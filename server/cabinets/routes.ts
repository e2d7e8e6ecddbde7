// HTTP of host sites, the registry of cabinets, enrolment, commands and twins.
import type { FastifyInstance } from 'fastify'
import {
  createCabinet,
  createEnrolmentCode,
  createHostSite,
  enrolCabinet as enrolCabinetRoute,
  getCabinet,
  getFleetSummary,
  importHostSitePlaces as importPlacesRoute,
  listCabinets,
  listCommands,
  listHostSites,
  putHostSitePlace,
  putPlanogram,
  putPrices,
  resetTemperature as resetTemperatureRoute,
  rotateCabinetKey,
  sendCommand,
  setRolloutState,
} from '#shared/contracts/http/cabinets.ts'
import { getShelfByCode } from '#shared/contracts/http/shelf.ts'
import type { CommandBody, CommandKind } from '#shared/contracts/mqtt/command.ts'
import type { RouteInput } from '#shared/contracts/http/route.ts'
import type { NounRoutes, ServerContext } from '../context.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { registerRoute } from '../http/register-route.ts'
import { AttemptLimiter } from '../identity/attempt-limiter.ts'
import { callerNetwork } from '../identity/caller-network.ts'
import { checkAttempts } from '../identity/attempt-limits.ts'
import { makeReadableCode } from '../identity/password.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { isEd25519PublicKey } from '../mqtt/cabinet-login.ts'
import { findCommittedSeq } from '../mqtt/journal-position.ts'
import { tellNewcomer } from '../offline-passes/tell-group.ts'
import { countSessions } from '../sessions/count-sessions.ts'
import { changePlanogram, changePrices, findTwin } from './change-twin.ts'
import { enrolCabinet, enrolmentCodeLength, storeEnrolmentCode } from './enrol-cabinet.ts'
import { findTargetTotal } from './fleet-targets.ts'
import { fleetRoutes } from './fleet-routes.ts'
import { issueCommand } from './issue-command.ts'
import { moveCabinet } from './move-cabinet.ts'
import { importPlaces, placeSite, readPlaces } from './place-sites.ts'
import { addCabinets, addHostSites } from './register-cabinets.ts'
import { showShelf } from './show-shelf.ts'
import { rotateKey } from './rotate-key.ts'
import { resetTemperature } from './reset-temperature.ts'
import { countFleet, findCabinet, listCabinetPage, listCommandPage, listHostSitePage, showCabinet } from './store.ts'

/** How long a command of a person counts; long enough for a cabinet behind a slow line. */
const commandValidMs = 30_000
const joinCodeLength = 8
/** Guessing enrolment codes from one address. */
const enrolmentRule = { maxFailures: 20, windowMs: 900_000 }

function registerRegistry(app: FastifyInstance, ctx: ServerContext): void {
  registerRoute(app, listCabinets, ({ query }) => ctx.database.read((unit) => listCabinetPage(unit, query)))
  registerRoute(app, getShelfByCode, ({ params }) =>
    ctx.database.read((unit) => showShelf(unit, params.code, ctx.config.operator)),
  )
  registerRoute(app, getCabinet, ({ params: { cabinetId } }) =>
    ctx.database.read(function* (unit) {
      const row = yield* findCabinet(unit, { cabinetId })
      if (row === undefined) throw new RefusalError('cabinet.unknown')
      const { reported, telemetry, publicKey } = row
      return {
        cabinet: showCabinet(row),
        desired: yield* findTwin(unit, cabinetId),
        ...(reported === null ? {} : { reported }),
        ...(telemetry === null ? {} : { telemetry }),
        committedSeq: yield* findCommittedSeq(cabinetId),
        isEnrolled: publicKey !== null,
      }
    }),
  )
  registerRoute(app, getFleetSummary, () =>
    ctx.database.read(function* (unit) {
      const target = yield* findTargetTotal(unit, ctx.config.fleetTarget)
      return { target, ...(yield* countFleet(unit)), ...(yield* countSessions(unit)) }
    }),
  )
  registerRoute(app, createCabinet, ({ body, account }) =>
    ctx.database.run(function* (unit) {
      const [cabinetId = ''] = yield* addCabinets(unit, [body])
      const { accountId } = account
      yield* recordAudit(unit, { accountId, action: 'cabinet.registered', subjectId: cabinetId, after: body })
      return { cabinetId }
    }),
  )
  registerRoute(app, setRolloutState, async ({ params: { cabinetId }, body: { rolloutState }, account }) => {
    const step = { cabinetId, to: rolloutState, byAccountId: account.accountId }
    ctx.perform(await ctx.database.run((unit) => moveCabinet(unit, step)))
  })
  registerRoute(app, createHostSite, ({ body, account }) => {
    const joinCode = makeReadableCode(ctx.random, joinCodeLength)
    return ctx.database.run(function* (unit) {
      const [site] = yield* addHostSites(unit, [{ ...body, joinCode }])
      if (site === undefined) throw new Error('no host site was made')
      const { accountId } = account
      yield* recordAudit(unit, { accountId, action: 'host_site.registered', subjectId: site.hostSiteId, after: body })
      return site
    })
  })
  registerRoute(app, listHostSites, ({ query }) => ctx.database.read((unit) => listHostSitePage(unit, query)))
  registerRoute(app, putHostSitePlace, ({ params: { hostSiteId }, body: place, account: { accountId } }) =>
    ctx.database.run((unit) => placeSite(unit, { hostSiteId, place, byAccountId: accountId })),
  )
  registerRoute(app, importPlacesRoute, async ({ body, account: { accountId } }) => {
    const places = await readPlaces(body)
    return ctx.database.run((unit) => importPlaces(unit, { places, byAccountId: accountId }))
  })
}

/** A broker that listens on all addresses is where the cabinet found us, unless it was said where it is. */
function brokerUrlFor({ config, mqttUrl }: ServerContext, hostname: string): string {
  const { url, host, publicUrl } = config.mqtt
  if (url !== undefined || publicUrl !== undefined || (host !== '0.0.0.0' && host !== '::')) return mqttUrl()
  return mqttUrl().replace('//127.0.0.1:', `//${hostname}:`)
}

function requireEd25519(publicKey: string): void {
  if (!isEd25519PublicKey(publicKey))
    throw new RefusalError('cabinet.public_key_invalid', undefined, { field: 'publicKey' })
}

function registerEnrolment(app: FastifyInstance, ctx: ServerContext): void {
  const byAddress = new AttemptLimiter(ctx.clock, enrolmentRule)
  const countRefusals = async <T>(address: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof RefusalError) byAddress.fail(address)
      throw error
    }
  }
  registerRoute(app, createEnrolmentCode, async ({ params, account }) => {
    const code = makeReadableCode(ctx.random, enrolmentCodeLength)
    const order = { cabinetId: params.cabinetId, code, byAccountId: account.accountId }
    const expiresAtMs = await ctx.database.run((unit) => storeEnrolmentCode(unit, order))
    return { enrolmentCode: code, expiresAtMs }
  })
  registerRoute(app, rotateCabinetKey, async ({ params: { cabinetId }, body, request }) => {
    checkAttempts([[byAddress, callerNetwork(request.ip)]])
    requireEd25519(body.publicKey)
    await countRefusals(callerNetwork(request.ip), () =>
      ctx.database.run((unit) => rotateKey(unit, { cabinetId, ...body })),
    )
  })
  registerRoute(app, enrolCabinetRoute, async ({ body, request }) => {
    checkAttempts([[byAddress, callerNetwork(request.ip)]])
    requireEd25519(body.publicKey)
    const enrolled = await countRefusals(callerNetwork(request.ip), () =>
      ctx.database.run(function* (unit) {
        const place = yield* enrolCabinet(unit, body)
        // Sent when it comes online.
        yield* tellNewcomer(unit, ctx.signer, place.cabinetId)
        return place
      }),
    )
    const { cabinetId, code, serverPublicKeys, commandKeys } = enrolled
    // Whoever was connected with an earlier key is not this cabinet any more.
    ctx.perform([{ kind: 'disconnect', cabinetId }])
    const mqttUrl = brokerUrlFor(ctx, request.hostname)
    const keys = { serverPublicKeys: [...serverPublicKeys], ...(commandKeys === undefined ? {} : { commandKeys }) }
    return { cabinetId, code, mqttUrl, ...keys }
  })
}

type CommandOrder = RouteInput<typeof sendCommand>['body']

/** The kind and body for the cabinet, from what the page sent. */
function bodyOf(order: CommandOrder): { [K in CommandKind]: { kind: K; body: CommandBody<K> } }[CommandKind] {
  switch (order.kind) {
    case 'lock':
    case 'release':
    case 'reboot':
      return { kind: order.kind, body: { reason: order.reason } }
    case 'self-test':
      return { kind: order.kind, body: {} }
    case 'set-config':
      return { kind: order.kind, body: { config: order.config } }
  }
}

/** Refuses a cabinet that could not take a command: unknown or without a key. */
function* requireEnrolled(ctx: UnitContext, cabinetId: string): Unit<void> {
  const cabinet = yield* findCabinet(ctx, { cabinetId })
  if (cabinet === undefined) throw new RefusalError('cabinet.unknown')
  if (cabinet.publicKey === null) throw new RefusalError('cabinet.not_enrolled')
}

function registerControl(app: FastifyInstance, ctx: ServerContext): void {
  registerRoute(app, sendCommand, async ({ params: { cabinetId }, body, account }) => {
    const { commandId, expiresAtMs, effect } = await ctx.database.run(function* (unit) {
      yield* requireEnrolled(unit, cabinetId)
      const order = bodyOf(body)
      const { accountId, displayName: issuedBy } = account
      const validForMs = commandValidMs
      const issued = yield* issueCommand(unit, ctx.signer, { cabinetId, ...order, validForMs, issuedBy })
      const detail = { kind: order.kind, commandId: issued.commandId }
      const why = 'reason' in body ? body.reason : undefined
      yield* recordAudit(unit, { accountId, action: 'cabinet.command_sent', subjectId: cabinetId, why, detail })
      return issued
    })
    ctx.perform([effect])
    return { commandId, expiresAtMs }
  })
  registerRoute(app, resetTemperatureRoute, async ({ params: { cabinetId }, body: { note }, account }) => {
    const order = { cabinetId, note, inspectedBy: account.displayName, byAccountId: account.accountId }
    const { commandId, expiresAtMs, effect } = await ctx.database.run((unit) =>
      resetTemperature(unit, ctx.signer, { ...order, validForMs: commandValidMs }),
    )
    ctx.perform([effect])
    return { commandId, expiresAtMs }
  })
  registerRoute(app, listCommands, ({ params, query }) =>
    ctx.database.read((unit) => listCommandPage(unit, params.cabinetId, query)),
  )
  registerRoute(app, putPlanogram, async ({ params: { cabinetId }, body, account }) => {
    const change = { cabinetId, ...body, changedBy: account.displayName }
    const { twin, warnings, effects } = await ctx.database.run(function* (unit) {
      const before = yield* findTwin(unit, cabinetId)
      const changed = yield* changePlanogram(unit, change)
      const shown = { before: { ...before.planogram }, after: { ...changed.twin.planogram } }
      const { accountId } = account
      yield* recordAudit(unit, { accountId, action: 'cabinet.planogram_saved', subjectId: cabinetId, ...shown })
      return changed
    })
    ctx.perform(effects)
    return { version: twin.planogram.version, warnings }
  })
  registerRoute(app, putPrices, async ({ params: { cabinetId }, body, account }) => {
    const change = { cabinetId, ...body, changedBy: account.displayName }
    const { twin, effects } = await ctx.database.run(function* (unit) {
      const before = yield* findTwin(unit, cabinetId)
      const changed = yield* changePrices(unit, change)
      const shown = { before: { ...before.prices }, after: { ...changed.twin.prices } }
      const { accountId } = account
      yield* recordAudit(unit, { accountId, action: 'cabinet.prices_set', subjectId: cabinetId, ...shown })
      return changed
    })
    ctx.perform(effects)
    return { version: twin.prices.version }
  })
}

export const cabinetRoutes: NounRoutes = (app, ctx) => {
  registerRegistry(app, ctx)
  registerEnrolment(app, ctx)
  registerControl(app, ctx)
  fleetRoutes(app, ctx)
}
