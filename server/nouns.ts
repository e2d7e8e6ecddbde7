// The list of nouns the server is made of: their routes, and what they do with what cabinets say.
import { catalogRoutes } from './catalog/routes.ts'
import type { NounRoutes } from './context.ts'
import { householdRoutes } from './households/routes.ts'
import { ledgerRoutes } from './ledger/routes.ts'
import type { CommandEndHandlers, EventHandlers, LiveHandler } from './mqtt/event-handlers.ts'
import { paymentRoutes } from './payments/routes.ts'
import { walletPayments } from './payments/wallet-payments.ts'
import { restockEvents } from './restock/events.ts'
import { restockRoutes } from './restock/routes.ts'
import { sessionCommandEnds, sessionEvents } from './sessions/events.ts'
import { makeLiveRelay } from './sessions/relay-live.ts'
import { sessionRoutes } from './sessions/routes.ts'
import { defaultSessionSettings } from './sessions/settings.ts'

export interface Noun {
  readonly routes?: NounRoutes
  readonly events?: EventHandlers
  readonly commandEnds?: CommandEndHandlers
  readonly live?: LiveHandler
}

export const nouns: readonly Noun[] = [
  { routes: catalogRoutes },
  { routes: householdRoutes },
  { routes: ledgerRoutes },
  { routes: paymentRoutes },
  {
    routes: sessionRoutes,
    events: sessionEvents(walletPayments, defaultSessionSettings),
    commandEnds: sessionCommandEnds(walletPayments),
    live: makeLiveRelay(),
  },
  { routes: restockRoutes, events: restockEvents },
]
