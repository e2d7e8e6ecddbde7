import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { MassMg } from '../../units/mass.ts'

/** A lane (货道) of a cabinet, as printed on the shelf: "L01"… */
export const LaneId = z
  .string()
  .regex(/^L\d{2}$/, 'a lane is named L01…L99')
  .meta({ id: 'LaneId' })
export type LaneId = z.infer<typeof LaneId>

/** By the piece (price per piece) or by weight (price per kg). */
export const PricingMode = z.enum(['piece', 'weight']).meta({ id: 'PricingMode' })
export type PricingMode = z.infer<typeof PricingMode>

/** A steady level of one lane with its standard error. */
export const Plateau = z
  .object({ laneId: LaneId, levelMg: MassMg, standardErrorMg: z.int().min(0), sampleCount: z.int().min(0) })
  .meta({ id: 'Plateau', description: 'A steady level of a lane: robust mean, standard error and samples behind it.' })
export type Plateau = z.infer<typeof Plateau>

/** What one lane sold in a session: a count of pieces, or a mass. The server prices it. */
export const SoldLine = z
  .object({
    laneId: LaneId,
    skuId: Id,
    lotId: Id.optional(),
    mode: PricingMode,
    /** Pieces; present when mode is piece. */
    count: z.int().min(1).max(10_000).optional(),
    /** Present when mode is weight. */
    massMg: MassMg.min(1).optional(),
    /** The price the cabinet showed: fen per piece or per kg. The server compares it with the contract price. */
    shownPriceFen: NonNegativeFen,
  })
  .refine((line) => (line.mode === 'piece' ? line.count !== undefined : line.massMg !== undefined), {
    message: 'a piece line needs count, a weight line needs massMg',
  })
  .meta({ id: 'SoldLine' })
export type SoldLine = z.infer<typeof SoldLine>
