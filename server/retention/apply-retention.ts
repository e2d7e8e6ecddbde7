// Lets go of what was kept long enough, class by class, in units small enough not to keep sales waiting.
import type { Clock } from '#shared/time/clock.ts'
import { recordAudit } from '../audit/record-audit.ts'
import type { Database } from '../db/database.ts'
import type { Sealer } from '../personal-data/seal.ts'
import { retentionClasses } from './classes.ts'

const dayMs = 86_400_000
const unitRows = 500

export interface Removed {
  readonly name: string
  readonly keptDays: number
  readonly why: string
  /** With a dry run: how many would be. */
  readonly count: number
}

export interface RetentionParts {
  readonly database: Database
  readonly clock: Clock
  readonly sealer: Sealer
}

/** Only counts. */
export async function rehearseRetention({ database, clock }: RetentionParts): Promise<Removed[]> {
  const found: Removed[] = []
  for (const { name, keptDays, why, count } of retentionClasses) {
    const beforeMs = clock.now() - keptDays * dayMs
    found.push({ name, keptDays, why, count: await database.read((ctx) => count(ctx, beforeMs)) })
  }
  return found
}

/** May be ended at any instant and started again; each unit leaves its row on the trail. */
export async function applyRetention(
  { database, clock, sealer }: RetentionParts,
  options: { readonly signal?: AbortSignal; readonly progress?: (done: number, total: number) => void } = {},
): Promise<Removed[]> {
  const removed: Removed[] = []
  for (const [index, { name, keptDays, why, remove }] of retentionClasses.entries()) {
    const beforeMs = clock.now() - keptDays * dayMs
    let count = 0
    for (;;) {
      if (options.signal?.aborted === true) return removed
      const done = await database.run(function* (ctx) {
        const now = yield* remove(ctx, { beforeMs, limit: unitRows, sealer })
        if (now > 0)
          yield* recordAudit(ctx, {
            accountId: undefined,
            action: 'retention.removed',
            subjectId: name,
            detail: { count: now, keptDays, beforeMs },
          })
        return now
      })
      count += done
      if (done === 0) break
    }
    removed.push({ name, keptDays, why, count })
    options.progress?.(index + 1, retentionClasses.length)
  }
  return removed
}
