// What is recorded has happened: a date ahead is a slip of the pen.
import type { UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'

/** People's clocks differ a little. */
const slackMs = 300_000

/** Refuses with assistance.date_ahead, naming the field. */
export function requirePast(ctx: UnitContext, atMs: number, field: string): void {
  if (atMs > ctx.now() + slackMs) throw new RefusalError('assistance.date_ahead', undefined, { field })
}
