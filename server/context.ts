// What the composition root hands to every noun: the database, time, randomness, the log and the ways out. A noun has
//   - routes.ts    `export const catalogRoutes: NounRoutes = (app, ctx) => { registerRoute(app, contract, handler) … }`
//   - events.ts    `export function catalogEvents(…): EventHandlers` when it acts on journal entries (see mqtt/event-handlers.ts)
// and is listed in nouns.ts. Units of work return what must happen after their commit as Effects; callers pass those to
// `ctx.perform`, the ingest does so by itself.
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { LiveUpdate } from '#shared/contracts/http/sessions.ts'
import type { Command } from '#shared/contracts/mqtt/command.ts'
import type { DesiredTwin } from '#shared/contracts/mqtt/twin.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Random } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { ServerConfig } from './config/server-config.ts'
import type { Database } from './db/database.ts'
import type { LiveHub } from './http/live-hub.ts'
import type { Metrics } from './http/metrics.ts'
import type { CommandSigner } from './mqtt/command-signer.ts'
import type { Sealer } from './personal-data/seal.ts'

/**
 * What is left to do once a unit has committed, as data. Nothing is lost when the process dies before doing it: commands
 * and twins are rows already and are published again at the next start or contact; pages ask for their state anew.
 */
export type Effect =
  | { readonly kind: 'live'; readonly accountId: Id; readonly update: LiveUpdate }
  /** The session's receipt, made and sent only when the account has a page open (sessions/publish-receipt.ts). */
  | { readonly kind: 'receipt'; readonly accountId: Id; readonly sessionId: Id }
  | { readonly kind: 'command'; readonly cabinetId: Id; readonly command: Command }
  | { readonly kind: 'desired'; readonly cabinetId: Id; readonly twin: DesiredTwin }
  /** Hangs up on a cabinet whose key or place is no longer valid. */
  | { readonly kind: 'disconnect'; readonly cabinetId: Id }
  | { readonly kind: 'sign-out'; readonly accountId: Id; readonly exceptSessionId?: Id }

export interface ServerContext {
  readonly config: ServerConfig
  readonly database: Database
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: Metrics
  readonly hub: LiveHub
  readonly signer: CommandSigner
  /** Seals and opens personal data. */
  readonly sealer: Sealer
  /** The program's own file, for work in a thread of its own; undefined where this is no program (restock-tasks/night-thread.ts). */
  readonly program?: URL | undefined
  /** Where cabinets find the broker; known once it listens. */
  readonly mqttUrl: () => string
  /** Does what a committed unit left to do; never throws, failures are logged and counted. */
  perform(effects: readonly Effect[]): void
}

/** Registers a noun's routes. */
export type NounRoutes = (app: FastifyInstance, ctx: ServerContext) => void
