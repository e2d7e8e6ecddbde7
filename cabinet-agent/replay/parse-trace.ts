import { z } from 'zod'
import { LaneId, Plateau, PricingMode } from '#shared/contracts/mqtt/lane.ts'
import { gramsToMg } from '#shared/units/mass.ts'
import type { SessionSetup } from '../weighing/session-setup.ts'

/**
 * One line of a scale trace (traces/FORMAT.md) → a value, or a sentence that says what is wrong with it. Grams become
 * integer milligrams here.
 */

export type TraceLine =
  | { kind: 'header'; session: string; setup: SessionSetup }
  | { kind: 'sample'; atMs: number; massesMg: Array<number | null> }
  | { kind: 'door'; atMs: number; state: 'open' | 'closed' }
  | { kind: 'wrong'; message: string }
  /** A wrong header: the session before it is whole all the same. */
  | { kind: 'wrong-header'; message: string }

const massG = z.number().min(-1e6).max(1e6)
const positiveG = z.number().gt(0).max(1e6)

const Header = z.object({
  type: z.literal('trace'),
  version: z.literal(1),
  session: z.string().min(1).max(200),
  divisionG: z.number().min(0.001).max(1000),
  sampleHz: z.number().min(0.05).max(1000),
  scaleSdG: z.number().min(0).max(1000),
  /** What a cabinet knows beyond FORMAT.md and writes into its own traces. */
  opening: z.array(Plateau).max(99).optional(),
  samplePeriodMs: z.number().min(1).max(20_000).optional(),
  lanes: z
    .array(
      z.object({
        lane: LaneId,
        sku: z.string().min(1).max(200),
        mode: PricingMode,
        priceFen: z.int().min(0).max(1e9),
        unitWeightG: z.object({ mean: positiveG, sd: z.number().min(0).max(1e6), samples: z.int().min(0).max(1e6) }),
        stock: z.object({ count: z.int().min(0).max(100_000), grossG: massG }),
        foreignMassesMg: z.array(z.int().min(0).max(1e9)).max(20).optional(),
        drying: z
          .object({
            partPerHour: z.number().min(0),
            sdPartPerHour: z.number().min(0).optional(),
            hours: z.number().min(0),
          })
          .optional(),
      }),
    )
    .min(1)
    .max(99),
})

/** `laneCount` is that of the session the line stands in; undefined before the first header. */
export function parseTraceLine(text: string, laneCount: number | undefined): TraceLine {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return wrong('not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('not a JSON object')
  if ('type' in value) return parseHeader(value)
  if (laneCount === undefined) return wrong('a header is missing: the first line of a session must be one')
  const { t, w, door } = value as { t?: unknown; w?: unknown; door?: unknown }
  if (typeof t !== 'number' || !Number.isFinite(t)) return wrong('t is not a number')
  if (door !== undefined) {
    if (door !== 'open' && door !== 'closed') return wrong('door is neither "open" nor "closed"')
    return { kind: 'door', atMs: t, state: door }
  }
  return parseSample(t, w, laneCount)
}

function parseSample(atMs: number, w: unknown, laneCount: number): TraceLine {
  if (!Array.isArray(w)) return wrong('neither a header, nor weights, nor a door event')
  if (w.length !== laneCount) return wrong(`${w.length} weights for ${laneCount} lanes`)
  const massesMg: Array<number | null> = []
  for (const entry of w as unknown[]) {
    if (entry === null) massesMg.push(null)
    else if (typeof entry === 'number' && Math.abs(entry) <= 1e9) massesMg.push(gramsToMg(entry))
    else return wrong(`weight ${JSON.stringify(entry).slice(0, 40)} is not a number`)
  }
  return { kind: 'sample', atMs, massesMg }
}

function parseHeader(value: object): TraceLine {
  const parsed = Header.safeParse(value)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return wrongHeader(`header: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
  }
  const { session, divisionG, sampleHz, scaleSdG, lanes, opening, samplePeriodMs } = parsed.data
  if (new Set(lanes.map(({ lane }) => lane)).size !== lanes.length) return wrongHeader('header: a lane is named twice')
  return {
    kind: 'header',
    session,
    setup: {
      divisionMg: Math.max(1, gramsToMg(divisionG)),
      samplePeriodMs: samplePeriodMs ?? 1000 / sampleHz,
      scaleSdMg: gramsToMg(scaleSdG),
      ...(opening === undefined ? {} : { opening }),
      lanes: lanes.map(({ lane, sku, mode, priceFen, unitWeightG, stock, foreignMassesMg, drying }) => ({
        laneId: lane,
        skuId: sku,
        mode,
        priceFen,
        unitWeight: {
          meanMg: gramsToMg(unitWeightG.mean),
          sdMg: gramsToMg(unitWeightG.sd),
          samples: unitWeightG.samples,
        },
        stock: { count: stock.count, grossMg: gramsToMg(stock.grossG) },
        ...(foreignMassesMg === undefined ? {} : { foreignMassesMg }),
        ...(drying === undefined ? {} : { drying }),
      })),
    },
  }
}

function wrong(message: string): TraceLine {
  return { kind: 'wrong', message }
}

function wrongHeader(message: string): TraceLine {
  return { kind: 'wrong-header', message }
}
