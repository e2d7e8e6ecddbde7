// The sweep that finds lanes in which all that is left is past its date and no lock says so: sales may have taken the fresher
// lot first, and what the cabinet was told at its last restock no longer holds.
import { sql } from 'drizzle-orm'
import type { Effect, ServerContext } from '../context.ts'
import { sqlRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { refreshLocks } from './refresh-locks.ts'

/** Most cabinets one unit looks after. */
const batchSize = 200

/** Looks after the cabinets behind an id; returns the last it looked at, undefined when there are no more. */
export function* lockExpired(
  ctx: UnitContext,
  behindCabinetId = '',
): Unit<{ readonly effects: readonly Effect[]; readonly lastCabinetId: string | undefined }> {
  const { laneStock: s, lots: l, laneLocks: k } = ctx.tables
  const nowMs = ctx.now()
  const found = yield* sqlRows<{ cabinetId: string }>(sql`
    select distinct stock.cabinet_id as "cabinetId" from (
      select ${s.cabinetId} as cabinet_id, ${s.laneId} as lane_id, max(${l.expiresAtMs}) as last_at_ms
      from ${s} join ${l} on ${l.lotId} = ${s.lotId}
      where ${s.units} > 0 and ${s.cabinetId} > ${behindCabinetId}
      group by ${s.cabinetId}, ${s.laneId}
    ) stock
    where stock.last_at_ms < ${nowMs} and not exists (
      select 1 from ${k} where ${k.cabinetId} = stock.cabinet_id and ${k.laneId} = stock.lane_id
        and ${k.reason} = 'expired' and ${k.releasedAtMs} is null and ${k.fromMs} <= ${nowMs}
    )
    order by 1 limit ${batchSize}`)
  const cabinetIds = found.map(({ cabinetId }) => cabinetId)
  const effects = yield* refreshLocks(ctx, cabinetIds, 'expiry')
  return { effects, lastCabinetId: found.length < batchSize ? undefined : cabinetIds.at(-1) }
}

/** The job: every cabinet once. */
export async function lockAllExpired(server: ServerContext, signal: AbortSignal): Promise<void> {
  let behind: string | undefined = ''
  while (behind !== undefined && !signal.aborted) {
    const from: string = behind
    const { effects, lastCabinetId } = await server.database.run((ctx) => lockExpired(ctx, from))
    server.perform(effects)
    behind = lastCabinetId
  }
}
