// The cart preview on its way from the cabinet to the buyer's pages. Nothing is stored, and only the session's own buyer sees
// it. Who the buyer is, is looked up once per session and remembered while the preview flows.
import type { LiveHandler } from '../mqtt/event-handlers.ts'
import { findSession } from './store.ts'

/** Sessions remembered at once; the one remembered longest goes first. */
const maxRemembered = 4_096

interface Owner {
  readonly accountId: string
  readonly cabinetId: string
}

export function makeLiveRelay(): LiveHandler {
  const owners = new Map<string, Owner>()
  return async ({ hub, database }, cabinetId, message) => {
    let owner = owners.get(message.sessionId)
    if (owner === undefined) {
      owner = await database.read(() => findSession(message.sessionId))
      if (owner === undefined) return
      const [oldest] = owners.keys()
      if (owners.size >= maxRemembered && oldest !== undefined) owners.delete(oldest)
      owners.set(message.sessionId, { accountId: owner.accountId, cabinetId: owner.cabinetId })
    }
    if (owner.cabinetId === cabinetId) hub.publish(owner.accountId, { kind: 'cart', live: message })
  }
}
