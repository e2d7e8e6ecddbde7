import { seededRandom } from '#shared/ids/random.ts'
import type { LoadCellProfile } from '#firmware-bridge/virtual/load-cell-profiles.ts'
import type { Bill } from '#cabinet-agent/weighing/bill.ts'
import { createSessionDecoder, type SessionDecoder } from '#cabinet-agent/weighing/decoder.ts'
import { planSession, type PlanOptions } from './plan-session.ts'
import { simulateSession, type Recording } from './simulate-session.ts'

/** One seeded session from plan to bill. */

export function recordSession(seed: number, options: PlanOptions, profile: LoadCellProfile): Recording {
  const random = seededRandom(seed)
  return simulateSession(random, planSession(random, options), profile)
}

export function feed(decoder: SessionDecoder, events: Recording['events']): void {
  for (const event of events) {
    if ('state' in event) decoder.door(event)
    else decoder.push(event)
  }
}

export function decode({ setup, events }: Recording): Bill {
  const decoder = createSessionDecoder(setup)
  feed(decoder, events)
  return decoder.decide()
}
