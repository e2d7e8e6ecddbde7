// Restock tasks (补货单): a day's plan with its routes, a task per cabinet, its lanes with what was planned, stated and weighed,
// the openings of the door, and every step that came from a phone, applied or not.
import { sql } from 'drizzle-orm'
import { stepKinds, taskStates, verdicts } from './rules.ts'
import type { Booked, Explanation, LotCount, Stated, TakenOff, Weighed } from './rules.ts'
import type { Kit, Storage } from '../db/kit.ts'

const live = sql.raw(`'planned', 'checked_in', 'opened'`)

function planTables({ table, column: c, index, check }: Kit) {
  /** Where the depot is and what a van takes; one row. */
  const restockSettings = table(
    'restock_settings',
    {
      key: c.choice(['district']).primaryKey(),
      lonMicrodeg: c.int().notNull(),
      latMicrodeg: c.int().notNull(),
      capacityUnits: c.int().notNull(),
      maximumStops: c.int().notNull(),
      changedBy: c.text().notNull(),
      changedAtMs: c.int().notNull(),
    },
    (t) => [check('restock_settings_positive', sql`${t.capacityUnits} > 0 and ${t.maximumStops} > 0`)],
  )
  /** How a day was last planned; earlier plannings stand in the audit trail. */
  const restockDays = table('restock_day', {
    /** `YYYY-MM-DD`, China Standard Time. */
    day: c.text().primaryKey(),
    revision: c.int().notNull(),
    plannedAtMs: c.int().notNull(),
    plannedBy: c.text().notNull(),
    plannedByName: c.text().notNull(),
    forecastMadeAtMs: c.int(),
    metres: c.int().notNull(),
    boundMetres: c.int().notNull(),
    shortUnits: c.int().notNull(),
    unplacedCabinetCodes: c.json<string[]>().notNull(),
  })
  /** The current routes of a day; planning it anew replaces them. */
  const restockRoutes = table(
    'restock_route',
    {
      routeId: c.text().primaryKey(),
      day: c
        .text()
        .notNull()
        .references(() => restockDays.day),
      trip: c.int().notNull(),
      restockerId: c.text().notNull(),
      metres: c.int().notNull(),
      boundMetres: c.int().notNull(),
      /** In the order of driving; `metres` from the stop before, absent where the site has no place. */
      stops: c.json<Array<{ taskId: string; metres?: number }>>().notNull(),
    },
    (t) => [index('restock_route_by_day').on(t.day, t.restockerId, t.trip)],
  )
  return { restockSettings, restockDays, restockRoutes }
}

function taskTables({ table, column: c, primaryKey, index, uniqueIndex }: Kit) {
  const restockTasks = table(
    'restock_task',
    {
      taskId: c.text().primaryKey(),
      day: c.text().notNull(),
      cabinetId: c.text().notNull(),
      restockerId: c.text().notNull(),
      state: c.choice(taskStates).notNull(),
      putInUnits: c.int().notNull(),
      takeOffUnits: c.int().notNull(),
      /** The scales have spoken of every lane that was worked on. */
      isWeighed: c.bool().notNull(),
      unexplained: c.int().notNull(),
      plannedBy: c.text().notNull(),
      plannedAtMs: c.int().notNull(),
      /** By the restocker's clock. */
      checkedInAtMs: c.int(),
      closedAtMs: c.int(),
      giveUpReason: c.text(),
    },
    (t) => [
      index('restock_task_by_day').on(t.day, t.taskId),
      index('restock_task_by_restocker').on(t.restockerId, t.taskId),
      uniqueIndex('restock_task_live_of_cabinet')
        .on(t.day, t.cabinetId)
        .where(sql`${t.state} in (${live})`),
      index('restock_task_unexplained')
        .on(t.taskId)
        .where(sql`${t.unexplained} > 0`),
    ],
  )
  const restockTaskLanes = table(
    'restock_task_lane',
    {
      taskId: c
        .text()
        .notNull()
        .references(() => restockTasks.taskId),
      laneId: c.text().notNull(),
      skuId: c.text().notNull(),
      capacity: c.int().notNull(),
      /** Pieces by the books when the task was made, then when the door was opened. */
      bookedBefore: c.int().notNull(),
      takeOff: c.json<TakenOff[]>().notNull(),
      putIn: c.json<LotCount[]>().notNull(),
      stated: c.json<Stated>(),
      weighed: c.json<Weighed>(),
      /** What of it stands in the books already. */
      booked: c.json<Booked>(),
      explanation: c.json<Explanation>(),
      verdict: c.choice(verdicts).notNull(),
    },
    (t) => [primaryKey({ columns: [t.taskId, t.laneId] })],
  )
  /** Sessions of the door that a task opened. */
  const restockOpenings = table(
    'restock_opening',
    {
      sessionId: c.text().primaryKey(),
      taskId: c
        .text()
        .notNull()
        .references(() => restockTasks.taskId),
    },
    (t) => [index('restock_opening_by_task').on(t.taskId, t.sessionId)],
  )
  return { restockTasks, restockTaskLanes, restockOpenings }
}

export function restockTaskTables(kit: Kit) {
  const { table, column: c, index, check } = kit
  const tasks = taskTables(kit)
  const restockSteps = table(
    'restock_step',
    {
      /** Made on the phone. */
      stepId: c.text().primaryKey(),
      taskId: c
        .text()
        .notNull()
        .references(() => tasks.restockTasks.taskId),
      kind: c.choice(stepKinds).notNull(),
      laneId: c.text(),
      body: c.json<Record<string, unknown>>().notNull(),
      accountId: c.text().notNull(),
      byName: c.text().notNull(),
      atMs: c.int().notNull(),
      receivedAtMs: c.int().notNull(),
      isApplied: c.bool().notNull(),
      conflict: c.text(),
      detail: c.text(),
    },
    (t) => [
      index('restock_step_by_task').on(t.taskId, t.stepId),
      index('restock_step_conflict')
        .on(t.receivedAtMs, t.stepId)
        .where(sql`${t.conflict} is not null`),
    ],
  )
  const restockPhotos = table(
    'restock_photo',
    {
      /** Made on the phone. */
      photoId: c.text().primaryKey(),
      taskId: c
        .text()
        .notNull()
        .references(() => tasks.restockTasks.taskId),
      laneId: c.text().notNull(),
      mediaType: c.choice(['image/jpeg', 'image/png', 'image/webp']).notNull(),
      /** Hex. */
      sha256: c.text().notNull(),
      bytes: c.bytes().notNull(),
      takenBy: c.text().notNull(),
      receivedAtMs: c.int().notNull(),
    },
    (t) => [
      index('restock_photo_by_task').on(t.taskId, t.photoId),
      index('restock_photo_by_time').on(t.receivedAtMs),
      check('restock_photo_hash', sql`length(${t.sha256}) = 64`),
    ],
  )
  return { ...planTables(kit), ...tasks, restockSteps, restockPhotos }
}

export const restockTaskStorage: Storage = { appendOnly: ['restock_step'], unchangeable: ['restock_photo'] }
