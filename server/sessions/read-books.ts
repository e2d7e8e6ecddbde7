// What lies in a session's cabinet by the books as they are now: a bill is sold from them, first expired first.
import type { Unit } from '../db/unit.ts'
import { lotsInCabinet } from '../stock/lane-stock.ts'
import type { Books } from './pricing.ts'
import type { SessionRow } from './store.ts'

export function* readBooks({ cabinetId, authorisedAtMs }: SessionRow): Unit<Books> {
  return { lots: yield* lotsInCabinet(cabinetId), soldAtMs: authorisedAtMs }
}
