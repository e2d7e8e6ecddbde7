// Help for households (帮扶): calls on them, income plans, public-welfare posts, technical instructors and their guidance, and the
// six-ones checklist (六个一) that is told from these (domain.md, A5 to A7 and A11). Nothing of health, schooling or causes.
import { sql } from 'drizzle-orm'
import type { Kit, Storage } from '../db/kit.ts'
import type { householdTables } from '../households/schema.ts'

export const visitChannels = ['PHONE', 'WECHAT', 'HOME'] as const
/** The three of the six ones that are a tick and a date; their wording is the district's. */
export const tickedKeys = ['fourth', 'fifth', 'sixth'] as const
export type TickedKey = (typeof tickedKeys)[number]

/** One step of an income plan. */
export interface IncomeMeasure {
  readonly incomeKind: 'OPERATING' | 'PROPERTY' | 'WAGE' | 'TRANSFER'
  readonly what: string
  readonly expectedFen: number
}

type Households = Pick<ReturnType<typeof householdTables>, 'households'>

function planTables({ table, column: c, unique, index, check, primaryKey }: Kit, { households }: Households) {
  const householdCode = () =>
    c
      .text()
      .notNull()
      .references(() => households.householdCode)
  const incomePlans = table(
    'income_plan',
    {
      planId: c.text().primaryKey(),
      householdCode: householdCode(),
      year: c.int().notNull(),
      version: c.int().notNull(),
      /** Σ measures. */
      targetFen: c.int().notNull(),
      measures: c.json<readonly IncomeMeasure[]>().notNull(),
      writtenBy: c.text().notNull(),
      writtenAtMs: c.int().notNull(),
    },
    (t) => [unique('income_plan_version').on(t.householdCode, t.year, t.version)],
  )
  const welfarePosts = table(
    'welfare_post',
    {
      postId: c.text().primaryKey(),
      householdCode: householdCode(),
      title: c.text().notNull(),
      unitName: c.text().notNull(),
      monthlyFen: c.int().notNull(),
      fromMs: c.int().notNull(),
      /** Empty while it is held. */
      toMs: c.int(),
      enteredBy: c.text().notNull(),
    },
    (t) => [
      index('welfare_post_by_household').on(t.householdCode, t.postId),
      check('welfare_post_period', sql`${t.toMs} is null or ${t.toMs} >= ${t.fromMs}`),
    ],
  )
  /** Newest row of a household, year and item counts; a tick that is taken back is a row of its own. */
  const sixOnesTicks = table(
    'six_ones_tick',
    {
      householdCode: householdCode(),
      year: c.int().notNull(),
      key: c.choice(tickedKeys).notNull(),
      tickedAtMs: c.int().notNull(),
      isDone: c.bool().notNull(),
      /** The date beside the tick. */
      doneAtMs: c.int().notNull(),
      tickedBy: c.text().notNull(),
    },
    (t) => [primaryKey({ columns: [t.householdCode, t.year, t.key, t.tickedAtMs] })],
  )
  const sixOnesLabels = table('six_ones_label', {
    key: c.choice(tickedKeys).primaryKey(),
    label: c.text().notNull(),
  })
  return { incomePlans, welfarePosts, sixOnesTicks, sixOnesLabels }
}

export function assistanceTables(kit: Kit, noun: Households) {
  const { table, column: c, index } = kit
  const householdCode = () =>
    c
      .text()
      .notNull()
      .references(() => noun.households.householdCode)
  const visits = table(
    'visit',
    {
      visitId: c.text().primaryKey(),
      householdCode: householdCode(),
      channel: c.choice(visitChannels).notNull(),
      atMs: c.int().notNull(),
      note: c.text().notNull(),
      byAccountId: c.text().notNull(),
      byName: c.text().notNull(),
      recordedAtMs: c.int().notNull(),
    },
    (t) => [
      index('visit_by_household').on(t.householdCode, t.atMs, t.visitId),
      index('visit_by_time').on(t.atMs, t.visitId),
      index('visit_by_helper').on(t.byAccountId, t.atMs),
    ],
  )
  const instructors = table(
    'instructor',
    {
      instructorId: c.text().primaryKey(),
      name: c.text().notNull(),
      specialty: c.text().notNull(),
      unitName: c.text().notNull(),
      townCode: c.text(),
      isActive: c.bool().notNull(),
      enteredBy: c.text().notNull(),
      enteredAtMs: c.int().notNull(),
    },
    (t) => [index('instructor_by_name').on(t.name, t.instructorId)],
  )
  const guidances = table(
    'guidance',
    {
      guidanceId: c.text().primaryKey(),
      householdCode: householdCode(),
      instructorId: c
        .text()
        .notNull()
        .references(() => instructors.instructorId),
      topic: c.text().notNull(),
      atMs: c.int().notNull(),
      recordedBy: c.text().notNull(),
      recordedAtMs: c.int().notNull(),
    },
    (t) => [
      index('guidance_by_household').on(t.householdCode, t.atMs, t.guidanceId),
      index('guidance_by_instructor').on(t.instructorId, t.atMs, t.guidanceId),
    ],
  )
  return { visits, instructors, guidances, ...planTables(kit, noun) }
}

export const assistanceStorage: Storage = { appendOnly: ['visit', 'guidance', 'income_plan', 'six_ones_tick'] }
