// What the fleet's registry learns from journals: alarms, devices, the door, what an agent runs. Alarms are a short list in
// the cabinet's status; the journal itself is the history.
import { eq } from 'drizzle-orm'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Effect } from '../context.ts'
import { command, exec, one, type Params, statement, type Unit, type UnitContext } from '../db/unit.ts'
import type { CommandEndHandlers, EventHandlers } from '../mqtt/event-handlers.ts'
import { changeConfig } from './change-twin.ts'
import { CabinetConfigChange } from '#shared/contracts/mqtt/twin.ts'

/** Alarms of the server's own making; a `release` that was done clears them. */
export const serverAlarms = [
  'journal_broken',
  'door_forced',
  'door_open_too_long',
  'lock_not_opened',
  'twin_reverted',
] as const
/** Most alarms and devices a status lists. */
const maxListed = 50

type StatusChange = Partial<UnitContext['tables']['cabinetStatuses']['$inferInsert']>

function* changeStatus(ctx: UnitContext, cabinetId: Id, change: StatusChange): Unit<readonly Effect[]> {
  const { cabinetStatuses: t } = ctx.tables
  yield* exec(ctx.db.update(t).set(change).where(eq(t.cabinetId, cabinetId)))
  return []
}

type DoorState = UnitContext['tables']['cabinetStatuses']['$inferSelect']['doorState']

const writeDoor = command(
  ({ db, tables: { cabinetStatuses: t } }, p: Params<{ cabinetId: Id; doorState: DoorState }>) =>
    db
      .update(t)
      .set({ doorState: p.doorState as never })
      .where(eq(t.cabinetId, p.cabinetId)),
)

const listsOf = statement(({ db, tables: { cabinetStatuses: t } }, p: Params<{ cabinetId: Id }>) =>
  db.select({ alarms: t.alarms, offlineDevices: t.offlineDevices }).from(t).where(eq(t.cabinetId, p.cabinetId)),
)

export function* raiseAlarm(ctx: UnitContext, cabinetId: Id, alarm: string): Unit<readonly Effect[]> {
  const status = yield* one(listsOf.with({ cabinetId }))
  if (status === undefined || status.alarms.includes(alarm)) return []
  return yield* changeStatus(ctx, cabinetId, { alarms: [...status.alarms, alarm].slice(-maxListed) })
}

function* clearAlarms(ctx: UnitContext, cabinetId: Id, cleared: readonly string[]): Unit<readonly Effect[]> {
  const status = yield* one(listsOf.with({ cabinetId }))
  const alarms = status?.alarms.filter((alarm) => !cleared.includes(alarm)) ?? []
  if (status === undefined || alarms.length === status.alarms.length) return []
  return yield* changeStatus(ctx, cabinetId, { alarms })
}

export const cabinetEvents: EventHandlers = {
  /** Each run begins with every device online, and tells again of those that are not: what was mended while it was off is not told. */
  'agent.started': (ctx, { cabinetId, bootId, body }) =>
    changeStatus(ctx, cabinetId, { bootId, versions: body.versions, offlineDevices: {} }),
  *'door.opened'(ctx, { cabinetId }) {
    yield* exec(writeDoor.with({ cabinetId, doorState: 'open' }))
    return yield* clearAlarms(ctx, cabinetId, ['lock_not_opened'])
  },
  /** The lock was told to open and stayed shut, or failed; that nobody pulled the door is no fault. */
  *'session.not_opened'(ctx, { cabinetId, body }) {
    const isFault = body.outcome === 'NOT_OPENED' || body.outcome === 'FAULT'
    return isFault ? yield* raiseAlarm(ctx, cabinetId, 'lock_not_opened') : []
  },
  *'door.closed'(ctx, { cabinetId }) {
    yield* exec(writeDoor.with({ cabinetId, doorState: 'closed' }))
    return yield* clearAlarms(ctx, cabinetId, ['door_open_too_long'])
  },
  *'door.open_too_long'(ctx, { cabinetId, body }) {
    return body.isAlarm ? yield* raiseAlarm(ctx, cabinetId, 'door_open_too_long') : []
  },
  'door.forced': (ctx, { cabinetId }) => raiseAlarm(ctx, cabinetId, 'door_forced'),
  *'device.offline'(ctx, { cabinetId, body }) {
    const status = yield* one(listsOf.with({ cabinetId }))
    if (status === undefined || Object.keys(status.offlineDevices).length >= maxListed) return []
    const offlineDevices = { ...status.offlineDevices, [body.device]: body.code }
    return yield* changeStatus(ctx, cabinetId, { offlineDevices })
  },
  *'device.online'(ctx, { cabinetId, body }) {
    const status = yield* one(listsOf.with({ cabinetId }))
    if (status === undefined || !Object.hasOwn(status.offlineDevices, body.device)) return []
    const { [body.device]: _online, ...offlineDevices } = status.offlineDevices
    return yield* changeStatus(ctx, cabinetId, { offlineDevices })
  },
  'alarm.raised': (ctx, { cabinetId, body }) => raiseAlarm(ctx, cabinetId, body.alarm),
  'alarm.cleared': (ctx, { cabinetId, body }) => clearAlarms(ctx, cabinetId, [body.alarm]),
  'twin.applied': (ctx, { cabinetId }) => clearAlarms(ctx, cabinetId, ['twin_reverted']),
  'twin.reverted': (ctx, { cabinetId }) => raiseAlarm(ctx, cabinetId, 'twin_reverted'),
}

export const cabinetCommandEnds: CommandEndHandlers = {
  *release(ctx, { cabinetId, reply }) {
    return reply.outcome === 'done' ? yield* clearAlarms(ctx, cabinetId, serverAlarms) : []
  },
  /** What the cabinet took over becomes what it should be, so that the twin does not undo it. */
  *'set-config'(ctx, { cabinetId, command, reply }) {
    const config = CabinetConfigChange.safeParse(command.body['config'])
    if (reply.outcome !== 'done' || !config.success) return []
    const { effects } = yield* changeConfig(ctx, { cabinetId, config: config.data, changedBy: 'set-config' })
    return effects
  },
}
