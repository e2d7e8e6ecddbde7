// The list of nouns the server is made of: their routes, and what they do with what cabinets say.
import { sendAlerts, watchConditions } from './alerts/jobs.ts'
import { alertRoutes } from './alerts/routes.ts'
import { agentReleaseRoutes } from './agent-releases/routes.ts'
import { assistanceRoutes } from './assistance/routes.ts'
import { attributionRoutes } from './attribution/routes.ts'
import { auditRoutes } from './audit/routes.ts'
import { benefitLinkRoutes } from './benefit-links/routes.ts'
import { cabinetCommandEnds, cabinetEvents } from './cabinets/events.ts'
import { cabinetRoutes } from './cabinets/routes.ts'
import { catalogEvents } from './catalog/events.ts'
import { catalogRoutes } from './catalog/routes.ts'
import { endPreviousKey, watchCommandKeys } from './command-keys/watch-keys.ts'
import type { NounRoutes, ServerContext } from './context.ts'
import { distributionRoutes } from './distributions/routes.ts'
import { collectImpact } from './disclosure/collect-impact.ts'
import { publishDays } from './disclosure/publish-day.ts'
import { disputeRoutes } from './disputes/routes.ts'
import { disclosureRoutes } from './disclosure/routes.ts'
import { lapseCalls } from './harvest-calls/answer-call.ts'
import { harvestRoutes } from './harvest-calls/routes.ts'
import { householdRoutes } from './households/routes.ts'
import { identityRoutes } from './identity/routes.ts'
import { rollUpIncomes } from './incomes/roll-up-incomes.ts'
import { incomeRoutes } from './incomes/routes.ts'
import { lockAllExpired } from './lane-locks/lock-expired.ts'
import { laneLockRoutes } from './lane-locks/routes.ts'
import { checkBooksNightly } from './ledger/check-books.ts'
import { rollUpLedger } from './ledger/roll-up-ledger.ts'
import { ledgerRoutes } from './ledger/routes.ts'
import { climbLadder } from './mark-downs/climb-ladder.ts'
import { markDownRoutes } from './mark-downs/routes.ts'
import type { CommandEndHandlers, EventHandlers, LiveHandler } from './mqtt/event-handlers.ts'
import { closePasses } from './offline-passes/close-passes.ts'
import { offlinePassRoutes } from './offline-passes/routes.ts'
import { defaultPassSettings } from './offline-passes/settings.ts'
import { announceUses, isAnyUnannounced } from './offline-passes/tell-group.ts'
import { organisationRoutes } from './organisations/routes.ts'
import { paymentRoutes } from './payments/routes.ts'
import { checkPayouts } from './payouts/check-payouts.ts'
import { payoutRoutes } from './payouts/routes.ts'
import { walletPayments } from './payments/wallet-payments.ts'
import { reconcileDaily } from './reconciliation/reconcile.ts'
import { reconciliationRoutes } from './reconciliation/routes.ts'
import { personalDataRoutes } from './personal-data/routes.ts'
import { replenishmentRoutes } from './replenishment/routes.ts'
import { recallRoutes } from './recalls/routes.ts'
import { applyRetention } from './retention/apply-retention.ts'
import { restockEvents } from './restock/events.ts'
import { restockRoutes } from './restock/routes.ts'
import { bookUnweighed } from './restock-tasks/book-unweighed.ts'
import { planNightly } from './restock-tasks/plan-nightly.ts'
import { restockTaskRoutes } from './restock-tasks/routes.ts'
import { rollUpSales } from './sales/roll-up-sales.ts'
import { salesRoutes } from './sales/routes.ts'
import { rolloutRoutes } from './rollouts/routes.ts'
import { sweepRollouts } from './rollouts/sweep-rollouts.ts'
import { scaleCheckRoutes } from './scale-checks/routes.ts'
import { serviceQualityRoutes, showServiceQuality } from './service-quality/routes.ts'
import { sessionCommandEnds, sessionEvents } from './sessions/events.ts'
import { expireSessions, isAnyOverdue } from './sessions/expire-sessions.ts'
import { makeLiveRelay } from './sessions/relay-live.ts'
import { sessionRoutes } from './sessions/routes.ts'
import { defaultSessionSettings } from './sessions/settings.ts'
import { stockCheckRoutes } from './stock-checks/routes.ts'
import { checkNightly } from './stock-checks/run-check.ts'
import { stockRoutes } from './stock/routes.ts'
import { escalateDue } from './surplus/escalate-notice.ts'
import { surplusRoutes } from './surplus/routes.ts'
import { raiseWarnings } from './warnings/raise-warnings.ts'
import { warningRoutes } from './warnings/routes.ts'
import { importTemplateRoutes } from './import-templates/routes.ts'
import { inKindRoutes } from './in-kind/routes.ts'
import { writeOffRoutes } from './write-offs/routes.ts'

export interface Noun {
  readonly routes?: NounRoutes
  readonly events?: EventHandlers
  readonly commandEnds?: CommandEndHandlers
  readonly live?: LiveHandler
  /** Work of its own, again and again while the server runs; a failure is logged and tried at the next turn. */
  readonly jobs?: readonly Job[]
}

export interface Job {
  readonly name: string
  readonly intervalMs: number
  /** The signal aborts when the server ends: what takes long stops there. */
  run(ctx: ServerContext, signal: AbortSignal): Promise<void>
}

export const nouns: readonly Noun[] = [
  { routes: identityRoutes },
  { routes: auditRoutes },
  { routes: cabinetRoutes, events: cabinetEvents, commandEnds: cabinetCommandEnds },
  {
    jobs: [
      { name: 'follow the command keys', intervalMs: 5_000, run: watchCommandKeys },
      { name: 'let the previous command key go', intervalMs: 3_600_000, run: endPreviousKey },
    ],
  },
  { routes: agentReleaseRoutes },
  {
    routes: serviceQualityRoutes,
    jobs: [{ name: 'measure the service', intervalMs: 30_000, run: showServiceQuality }],
  },
  { routes: rolloutRoutes, jobs: [{ name: 'carry roll-outs on', intervalMs: 1_000, run: sweepRollouts }] },
  { routes: catalogRoutes, events: catalogEvents },
  { routes: stockRoutes },
  {
    routes: stockCheckRoutes,
    jobs: [{ name: 'weigh lanes against the books', intervalMs: 600_000, run: checkNightly }],
  },
  {
    routes: laneLockRoutes,
    jobs: [{ name: 'lock what is past its date', intervalMs: 60_000, run: lockAllExpired }],
  },
  { routes: scaleCheckRoutes },
  {
    routes: markDownRoutes,
    jobs: [{ name: 'climb the near-expiry ladder', intervalMs: 600_000, run: climbLadder }],
  },
  { routes: replenishmentRoutes },
  { routes: householdRoutes },
  { routes: assistanceRoutes },
  { routes: inKindRoutes },
  { routes: importTemplateRoutes },
  { routes: salesRoutes, jobs: [{ name: 'roll up sales', intervalMs: 600_000, run: rollUpSales }] },
  { routes: writeOffRoutes },
  { routes: disputeRoutes },
  { routes: benefitLinkRoutes },
  {
    routes: warningRoutes,
    jobs: [
      {
        // Due daily; more often, so that restarts skip no day. The same matter warns once.
        name: 'warn of falling back into poverty',
        intervalMs: 21_600_000,
        run: async ({ database }) => void (await raiseWarnings(database)),
      },
    ],
  },
  {
    routes: surplusRoutes,
    jobs: [
      {
        name: 'escalate surplus',
        intervalMs: 300_000,
        run: async ({ database }) => void (await database.run(escalateDue)),
      },
    ],
  },
  { routes: organisationRoutes },
  { routes: distributionRoutes },
  { routes: incomeRoutes, jobs: [{ name: 'roll up incomes', intervalMs: 600_000, run: rollUpIncomes }] },
  { routes: personalDataRoutes },
  {
    routes: disclosureRoutes,
    jobs: [
      {
        name: 'publish the day',
        intervalMs: 900_000,
        run: async (ctx) => {
          await publishDays(ctx)
          await collectImpact(ctx.database)
        },
      },
    ],
  },
  {
    routes: ledgerRoutes,
    jobs: [
      {
        name: 'roll up the ledger',
        intervalMs: 600_000,
        run: ({ database, clock }) => rollUpLedger(database, clock.now()),
      },
      { name: 'prove the books', intervalMs: 60_000, run: checkBooksNightly },
    ],
  },
  {
    routes: reconciliationRoutes,
    jobs: [{ name: 'reconcile', intervalMs: 21_600_000, run: reconcileDaily }],
  },
  { routes: attributionRoutes },
  { routes: paymentRoutes },
  {
    routes: offlinePassRoutes,
    jobs: [
      {
        name: 'announce used passes',
        intervalMs: 2_000,
        run: async (ctx) => {
          const { database, signer } = ctx
          if (await database.read(isAnyUnannounced))
            ctx.perform(await database.run((unit) => announceUses(unit, signer)))
        },
      },
      {
        name: 'close expired passes',
        intervalMs: 600_000,
        run: async ({ database }) =>
          void (await database.run((ctx) => closePasses(ctx, walletPayments, defaultPassSettings.graceMs))),
      },
    ],
  },
  {
    routes: payoutRoutes,
    jobs: [{ name: 'look after payouts', intervalMs: 3_600_000, run: checkPayouts }],
  },
  {
    routes: sessionRoutes,
    events: sessionEvents(walletPayments, defaultSessionSettings),
    commandEnds: sessionCommandEnds(walletPayments),
    live: makeLiveRelay(),
    jobs: [
      {
        name: 'notice silent sessions',
        intervalMs: 3_000,
        run: async (ctx) => {
          const { database } = ctx
          if (await database.read(isAnyOverdue))
            ctx.perform(await database.run((unit) => expireSessions(unit, walletPayments)))
        },
      },
    ],
  },
  { routes: recallRoutes },
  { routes: restockRoutes, events: restockEvents },
  {
    jobs: [
      {
        name: 'let go of what was kept long enough',
        intervalMs: 3_600_000,
        run: async (ctx, signal) => void (await applyRetention(ctx, { signal })),
      },
    ],
  },
  {
    routes: restockTaskRoutes,
    jobs: [
      {
        name: 'book restocks without weights',
        intervalMs: 60_000,
        run: async (ctx) => ctx.perform(await ctx.database.run(bookUnweighed)),
      },
      { name: 'plan the day', intervalMs: 600_000, run: planNightly },
    ],
  },
  {
    routes: harvestRoutes,
    jobs: [
      {
        name: 'call the next to harvest',
        intervalMs: 60_000,
        run: async ({ database }) => void (await database.run(lapseCalls)),
      },
    ],
  },
  {
    routes: alertRoutes,
    jobs: [
      { name: 'watch for what people must know', intervalMs: 15_000, run: watchConditions },
      { name: 'send alerts', intervalMs: 3_000, run: sendAlerts },
    ],
  },
]
