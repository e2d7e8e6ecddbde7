// A cabinet that tells anything: events of every type made from their contracts, about sessions, lanes and goods that exist, in any
// order. Each must be committed, flagged or not, and the books must stand.
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'
import { type EventBody, eventBodies, type EventType } from '#shared/contracts/mqtt/event.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { RefusalError } from '#server/errors/refusal.ts'
import type { Market } from '#tests/support/market.ts'
import { KnownValues, schemaOf, ValueMaker } from './made-values.ts'

export interface EventTally {
  readonly events: number
  readonly flagged: number
  readonly sessions: number
}

const types = Object.keys(eventBodies) as EventType[]

/** What no journal could hash never becomes an entry; that it ends nothing on the wire has a test of its own. */
function isHashable(body: unknown): boolean {
  try {
    canonicalJson(body)
    return typeof body === 'object' && body !== null && !Array.isArray(body)
  } catch {
    return false
  }
}

export async function fuzzEvents(
  market: Market,
  { seed, events, beforeEach }: { seed: number; events: number; beforeEach?: (index: number) => unknown },
): Promise<EventTally> {
  const random = seededRandom(seed)
  const known = new KnownValues(random)
  const maker = new ValueMaker(random, known)
  const schemas = new Map(types.map((type) => [type, schemaOf(eventBodies[type])]))
  const { citrus, greens } = market
  for (const [laneId, { skuId, lotId, priceFen }] of [
    ['L01', citrus],
    ['L02', greens],
  ] as const)
    known.learn({ laneId, skuId, lotId, shownPriceFen: priceFen, planogram: 1, prices: 1, fromLaneId: laneId })
  let flagged = 0
  let sessions = 0
  for (let index = 0; index < events; index += 1) {
    beforeEach?.(index)
    if (maker.isLucky(15)) {
      // Refused while one is open or money is short.
      const sessionId = await market.open().catch((error: unknown) => {
        if (!(error instanceof RefusalError)) throw error
      })
      if (sessionId !== undefined) {
        sessions += 1
        known.learn({ sessionId, recoveredSessionId: sessionId })
      }
    }
    const type = maker.pickOf(types)
    const body = maker.make(schemas.get(type) ?? {})
    if (!isHashable(body)) continue
    const { flags } = await market.tell(type, body as EventBody<typeof type>)
    flagged += flags.length
  }
  return { events, flagged, sessions }
}
