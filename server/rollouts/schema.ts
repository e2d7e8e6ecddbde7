// Staged roll-outs: a change, its waves, and where each cabinet stands, with what it had before.
import { sql } from 'drizzle-orm'
import { RolloutCabinetState, type RolloutChange, RolloutState } from '#shared/contracts/http/rollouts.ts'
import type { cabinetTables } from '../cabinets/schema.ts'
import type { Kit } from '../db/kit.ts'
import type { Previous } from './rules.ts'

const words = <T extends string>(options: readonly T[]) => options as readonly [T, ...T[]]

export function rolloutTables(kit: Kit, { cabinets }: Pick<ReturnType<typeof cabinetTables>, 'cabinets'>) {
  const { table, column: c, primaryKey, index, check } = kit
  const rollouts = table(
    'rollout',
    {
      rolloutId: c.text().primaryKey(),
      title: c.text().notNull(),
      kind: c.choice(['planogram', 'prices', 'config', 'agent']).notNull(),
      change: c.json<RolloutChange>().notNull(),
      state: c.choice(words(RolloutState.options)).notNull(),
      /** The kind while the roll-out is under way: two of one kind would undo each other. */
      activeKind: c.text().unique(),
      wave: c.int().notNull(),
      waveSizes: c.json<readonly number[]>().notNull(),
      maxErrorBp: c.int().notNull(),
      /** Errors that a person has seen and resumed over. */
      forgivenErrors: c.int().notNull(),
      waveTimeoutMs: c.int().notNull(),
      stopReason: c.text(),
      createdBy: c.text().notNull(),
      createdAtMs: c.int().notNull(),
      endedAtMs: c.int(),
    },
    (t) => [check('rollout_wave_known', sql`${t.wave} >= 0`)],
  )
  const rolloutCabinets = table(
    'rollout_cabinet',
    {
      rolloutId: c
        .text()
        .notNull()
        .references(() => rollouts.rolloutId),
      cabinetId: c
        .text()
        .notNull()
        .references(() => cabinets.cabinetId),
      position: c.int().notNull(),
      wave: c.int().notNull(),
      state: c.choice(words(RolloutCabinetState.options)).notNull(),
      isGoingBack: c.bool().notNull(),
      /** Why it is listed: `code` or `code: detail`. */
      reason: c.text(),
      /** Listed for something the change may have caused. */
      isError: c.bool().notNull(),
      wasOnline: c.bool().notNull(),
      /** Version of the twin that carries the change, and of the part where parts have one. */
      desiredVersion: c.int(),
      partVersion: c.int(),
      previous: c.json<Previous>(),
      sentAtMs: c.int(),
      judgedAtMs: c.int(),
      /** The revision of the cabinet's status that was judged: another one is a word not yet judged. */
      judgedRevision: c.int(),
      settledAtMs: c.int(),
    },
    (t) => [
      primaryKey({ columns: [t.rolloutId, t.cabinetId] }),
      index('rollout_cabinet_by_state').on(t.rolloutId, t.state, t.judgedAtMs),
      index('rollout_cabinet_by_position').on(t.rolloutId, t.position),
    ],
  )
  return { rollouts, rolloutCabinets }
}
