// What a code that is scanned leads to: apart from the other contracts of cabinets, as a phone carries these first.
import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { LaneId, PricingMode } from '../mqtt/lane.ts'
import { LaneLockReason } from '../mqtt/twin.ts'
import { defineRoute } from './route.ts'

/** The code printed on the cabinet and in its QR: YB-0001. */
export const CabinetCode = z
  .string()
  .regex(/^[A-Z]{2}-\d{4,6}$/, 'a cabinet code looks like YB-0001')
  .meta({ id: 'CabinetCode' })
/** What a buyer sees before opening: goods, price labels and who earns. */
export const ShelfLane = z
  .object({
    laneId: LaneId,
    skuId: Id,
    name: z.string(),
    spec: z.string(),
    grade: z.string().optional(),
    origin: z.string(),
    mode: PricingMode,
    priceFen: NonNegativeFen,
    /** Near its date: what the price label said before, and how much is off; printed beside the price. */
    markDown: z.object({ listPriceFen: NonNegativeFen, percentOff: z.int().min(1).max(90) }).optional(),
    isCertified: z.boolean(),
    isOnSale: z.boolean(),
    /** Why nothing may be sold from it now. */
    lockReason: LaneLockReason.optional(),
    count: z.int().min(0),
    daysLeft: z.int().optional(),
    lotTraceCode: z.string().optional(),
    supplierName: z.string().optional(),
    householdCount: z.int().min(0),
  })
  .meta({ id: 'ShelfLane' })
export type ShelfLane = z.infer<typeof ShelfLane>
export const Shelf = z
  .object({
    cabinetId: Id,
    code: CabinetCode,
    hostSiteName: z.string(),
    isOnline: z.boolean(),
    isInService: z.boolean(),
    isDemo: z.boolean(),
    operator: z.object({ name: z.string(), address: z.string(), contact: z.string(), filingNumber: z.string() }),
    lanes: z.array(ShelfLane),
  })
  .meta({ id: 'Shelf' })
export type Shelf = z.infer<typeof Shelf>
export const getShelfByCode = defineRoute({
  method: 'GET',
  path: '/api/cabinets/by-code/:code/shelf',
  tag: 'cabinets',
  summary: 'What is on the shelves of the cabinet with this code (扫码)',
  access: 'public',
  params: z.object({ code: CabinetCode }),
  reply: Shelf,
  status: 200,
})
