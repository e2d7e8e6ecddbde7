import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { BenefitLinkTerms, Supplier } from './catalog.ts'
import { HouseholdCode } from './households.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery } from './paging.ts'
import { Reason } from './reason.ts'

export const BenefitLink = BenefitLinkTerms.extend({
  linkId: Id,
  supplierId: Id,
  supplierName: z.string(),
  headName: z.string(),
  endedAtMs: EpochMs.optional(),
}).meta({ id: 'BenefitLink' })
export const signBenefitLinks = defineRoute({
  method: 'POST',
  path: '/api/suppliers/:supplierId/benefit-links',
  tag: 'catalog',
  summary: 'Enter signed benefit links (利益联结) of a supplier with households: wage, asset or operating',
  access: ['operator', 'admin'],
  params: z.object({ supplierId: Id }),
  body: z.object({ links: z.array(BenefitLinkTerms).min(1).max(1_000) }),
  reply: z.object({ signed: z.int() }),
  status: 201,
})
export const listBenefitLinks = defineRoute({
  method: 'GET',
  path: '/api/benefit-links',
  tag: 'catalog',
  summary: 'Benefit links in scope, newest first, of one supplier or household or all',
  access: ['farmer', 'helper', 'desk', 'operator', 'finance', 'auditor', 'admin'],
  query: PageQuery.extend({ supplierId: Id.optional(), householdCode: HouseholdCode.optional() }),
  reply: pageOf(BenefitLink),
  status: 200,
})
export const endBenefitLink = defineRoute({
  method: 'POST',
  path: '/api/benefit-links/:linkId/end',
  tag: 'catalog',
  summary: 'End a benefit link; the last one of a certified supplier ends only after its certification',
  access: ['operator', 'admin'],
  params: z.object({ linkId: Id }),
  body: z.object({ reason: Reason }),
  reply: z.void(),
  status: 204,
})
export const certifySupplier = defineRoute({
  method: 'PUT',
  path: '/api/suppliers/:supplierId/certification',
  tag: 'catalog',
  summary:
    'Give a supplier’s products certification (产品认定), which a signed benefit link is required for, or take it back',
  access: ['operator', 'admin'],
  params: z.object({ supplierId: Id }),
  body: z.object({ isCertified: z.boolean(), reason: Reason }),
  reply: Supplier,
  status: 200,
})
