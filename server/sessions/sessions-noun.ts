// Sessions and restocks as the list of nouns takes them, with the way they are paid for and their settings.
import type { Noun } from '../nouns.ts'
import { walletPayments } from '../payments/wallet-payments.ts'
import { sessionCommandEnds, sessionEvents } from './events.ts'
import { makeLiveRelay } from './relay-live.ts'
import { sessionRoutes } from './routes.ts'
import { defaultSessionSettings } from './settings.ts'

export const sessionsNoun: Noun = {
  routes: sessionRoutes,
  events: sessionEvents(walletPayments, defaultSessionSettings),
  commandEnds: sessionCommandEnds(walletPayments),
  live: makeLiveRelay(),
}
