import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { MassMg } from '../../units/mass.ts'
import { PricingMode } from '../mqtt/lane.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery } from './paging.ts'

/** A certified supplier is a legal entity, never a household (domain.md, programme rules). */
export const SupplierKind = z
  .enum(['enterprise', 'cooperative', 'share_cooperative', 'village_collective', 'family_farm'])
  .meta({ id: 'SupplierKind' })
export const FoodClass = z.enum(['EDIBLE_AGRI', 'PREPACKAGED', 'OTHER']).meta({ id: 'FoodClass' })

/** What a supplier and a household signed (利益联结). */
export const BenefitLinkTerms = z.object({
  householdCode: z.string().regex(/^\d{16}$/, 'a household code has 16 digits'),
  kind: z.enum(['WAGE', 'ASSET', 'OPERATING']),
  documentNumber: z.string().trim().min(2).max(80),
  signedAtMs: EpochMs,
})
export const Supplier = z
  .object({
    supplierId: Id,
    name: z.string().trim().min(1).max(80),
    kind: SupplierKind,
    isCertified: z.boolean(),
    townCode: z.string().regex(/^\d{9}$/),
    address: z.string().trim().min(1).max(200),
    contact: z.string().trim().min(1).max(60),
  })
  .meta({ id: 'Supplier' })
export const Sku = z
  .object({
    skuId: Id,
    name: z.string().trim().min(1).max(80),
    spec: z.string().trim().min(1).max(60),
    grade: z.string().trim().max(40).optional(),
    origin: z.string().trim().min(1).max(80),
    category: z.enum(['fruit', 'vegetable', 'egg', 'dry_goods', 'condiment', 'drink', 'livestock']),
    foodClass: FoodClass,
    mode: PricingMode,
    priceFen: NonNegativeFen,
    isCertified: z.boolean(),
    labelUnitMassMg: MassMg.min(1),
    labelUnitMassSdMg: z.int().min(0),
    shelfLifeDays: z.int().min(1).max(3_650),
  })
  .meta({ id: 'Sku' })
export type Sku = z.infer<typeof Sku>
/** The household part of a lot: so many grams or units came from this household. */
export const LotSource = z
  .object({
    householdCode: z.string().regex(/^\d{16}$/, 'a household code has 16 digits'),
    massMg: MassMg.min(1).optional(),
    units: z.int().min(1).optional(),
  })
  .refine((source) => (source.massMg === undefined) !== (source.units === undefined), {
    message: 'give massMg or units, not both',
    path: ['massMg'],
  })
  .meta({ id: 'LotSource' })
export const Lot = z
  .object({
    lotId: Id,
    traceCode: z.string(),
    skuId: Id,
    skuName: z.string(),
    supplierId: Id,
    supplierName: z.string(),
    harvestedAtMs: EpochMs,
    expiresAtMs: EpochMs,
    unitsReceived: z.int().min(1),
    unitsLeft: z.int().min(0),
    certificateNumber: z.string(),
    sources: z.array(LotSource),
  })
  .meta({ id: 'Lot' })

/** How a SKU dries, learned over all cabinets, and the water booked as lost. */
export const LearnedDrying = z
  .object({
    skuId: Id,
    skuName: z.string(),
    /** Cabinets that learned a rate, and how often they looked; without a look there is no rate. */
    cabinets: z.int().min(0),
    looks: z.int().min(0),
    /** Parts per million of the gross an hour, and its standard deviation. */
    ppmPerHour: z.int().optional(),
    sdPpmPerHour: z.int().min(0).optional(),
    lossCount: z.int().min(0),
    lostMg: MassMg.min(0),
    lastLossAtMs: EpochMs.optional(),
  })
  .meta({ id: 'LearnedDrying' })
export type LearnedDrying = z.infer<typeof LearnedDrying>

export const listSuppliers = defineRoute({
  method: 'GET',
  path: '/api/suppliers',
  tag: 'catalog',
  summary: 'Suppliers by name',
  access: ['operator', 'finance', 'restocker', 'auditor', 'admin'],
  query: PageQuery,
  reply: pageOf(Supplier),
  status: 200,
})
export const createSupplier = defineRoute({
  method: 'POST',
  path: '/api/suppliers',
  tag: 'catalog',
  summary: 'Register a supplier; a certified one with its signed benefit links',
  access: ['operator', 'admin'],
  body: Supplier.omit({ supplierId: true }).extend({ benefitLinks: z.array(BenefitLinkTerms).max(500).optional() }),
  reply: Supplier,
  status: 201,
})
export const listSkus = defineRoute({
  method: 'GET',
  path: '/api/skus',
  tag: 'catalog',
  summary: 'SKUs by name',
  access: 'signed-in',
  query: PageQuery,
  reply: pageOf(Sku),
  status: 200,
})
export const createSku = defineRoute({
  method: 'POST',
  path: '/api/skus',
  tag: 'catalog',
  summary: 'Register a SKU with its price label',
  access: ['operator', 'admin'],
  body: Sku.omit({ skuId: true }),
  reply: Sku,
  status: 201,
})
export const listDrying = defineRoute({
  method: 'GET',
  path: '/api/skus/drying',
  tag: 'catalog',
  summary: 'How goods dry on the shelf, learned per SKU, and the water booked as lost; SKUs by name',
  access: ['operator', 'auditor', 'admin'],
  query: PageQuery,
  reply: pageOf(LearnedDrying),
  status: 200,
})
export const LotOrder = z
  .enum(['newest', 'oldest', 'expires-soonest', 'expires-latest'])
  .default('newest')
  .meta({ id: 'LotOrder' })

export const listLots = defineRoute({
  method: 'GET',
  path: '/api/lots',
  tag: 'catalog',
  summary: 'Lots by receipt or by the date they keep to, newest first',
  access: ['operator', 'finance', 'restocker', 'auditor', 'admin'],
  query: PageQuery.extend({ skuId: Id.optional(), order: LotOrder }),
  reply: pageOf(Lot),
  status: 200,
})
export const receiveLot = defineRoute({
  method: 'POST',
  path: '/api/lots',
  tag: 'catalog',
  summary: 'Receive a lot at the depot with its purchase record, compliance certificate and household sources',
  access: ['operator', 'restocker', 'admin'],
  body: z.object({
    skuId: Id,
    supplierId: Id,
    harvestedAtMs: EpochMs,
    unitsReceived: z.int().min(1).max(100_000),
    certificateNumber: z.string().trim().min(1).max(60),
    sources: z.array(LotSource).max(2_000),
  }),
  reply: Lot,
  status: 201,
})
