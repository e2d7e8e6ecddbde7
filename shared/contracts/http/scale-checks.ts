import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { MassMg } from '../../units/mass.ts'
import { LaneId } from '../mqtt/lane.ts'
import { CabinetCode } from './shelf.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery } from './paging.ts'

/** Accuracy class of a scale (OIML R 76): III medium, IIII ordinary. */
export const AccuracyClass = z.enum(['III', 'IIII']).meta({ id: 'AccuracyClass' })
export type AccuracyClass = z.infer<typeof AccuracyClass>

/** Verification scale interval e. */
const IntervalMg = z.int().min(10).max(1_000_000)
const LoadMg = z.int().min(0).max(100_000_000)
const note = z.string().trim().min(2).max(300)

/** A verification certificate (检定证书) of a cabinet's scales. */
export const ScaleCertificate = z
  .object({
    certificateId: Id,
    cabinetId: Id,
    cabinetCode: CabinetCode,
    certificateNumber: z.string(),
    /** The body that verified. */
    issuedBy: z.string(),
    accuracyClass: AccuracyClass,
    intervalMg: IntervalMg,
    maxMassMg: MassMg,
    verifiedAtMs: EpochMs,
    expiresAtMs: EpochMs,
    enteredBy: z.string(),
    enteredAtMs: EpochMs,
    revoked: z.object({ by: z.string(), atMs: EpochMs, note: z.string() }).optional(),
    /** In force now: neither revoked nor past its end. */
    isValid: z.boolean(),
  })
  .meta({ id: 'ScaleCertificate' })

/** One load of a check: what lay on the lane by its check weights, what the lane showed, and how far it may be off. */
export const CheckedLoad = z
  .object({ nominalMg: LoadMg, shownMg: MassMg, limitMg: z.int().min(0), isGood: z.boolean() })
  .meta({ id: 'CheckedLoad' })
export type CheckedLoad = z.infer<typeof CheckedLoad>

export const ScaleCheck = z
  .object({
    checkId: Id,
    cabinetId: Id,
    cabinetCode: CabinetCode,
    laneId: LaneId,
    accuracyClass: AccuracyClass,
    intervalMg: IntervalMg,
    /** The certificate whose class it was judged by. */
    certificateId: Id.optional(),
    /** Which check weights: their class and number. */
    weightSet: z.string(),
    loads: z.array(CheckedLoad),
    isPassed: z.boolean(),
    checkedBy: Id,
    checkedByName: z.string(),
    checkedAtMs: EpochMs,
    note: z.string().optional(),
  })
  .meta({ id: 'ScaleCheck' })

const readers = ['operator', 'restocker', 'auditor', 'admin'] as const

export const recordScaleCheck = defineRoute({
  method: 'POST',
  path: '/api/cabinets/:cabinetId/scale-checks',
  tag: 'scale-checks',
  summary: 'Note a check of a lane with check weights: a failed one locks the lane at once, a passed one lets it go',
  access: ['operator', 'restocker', 'admin'],
  params: z.object({ cabinetId: Id }),
  body: z.object({
    laneId: LaneId,
    weightSet: z.string().trim().min(2).max(80),
    /** The empty lane and at least one check weight; with goods in the lane, masses above what they weigh. */
    loads: z
      .array(z.object({ nominalMg: LoadMg, shownMg: MassMg }))
      .min(2)
      .max(20),
    /** Of a cabinet without a valid certificate, by the plate of its scales; else the certificate's hold. */
    accuracyClass: AccuracyClass.optional(),
    intervalMg: IntervalMg.optional(),
    note: note.optional(),
  }),
  reply: z.object({
    checkId: Id,
    isPassed: z.boolean(),
    loads: z.array(CheckedLoad),
    isLocked: z.boolean(),
    isReleased: z.boolean(),
  }),
  status: 201,
})
export const listScaleChecks = defineRoute({
  method: 'GET',
  path: '/api/scale-checks',
  tag: 'scale-checks',
  summary: 'Checks of lanes with check weights, newest first',
  access: readers,
  query: PageQuery.extend({
    cabinetId: Id.optional(),
    laneId: LaneId.optional(),
    isPassed: z.stringbool().optional(),
  }),
  reply: pageOf(ScaleCheck),
  status: 200,
})
export const enterScaleCertificate = defineRoute({
  method: 'POST',
  path: '/api/cabinets/:cabinetId/scale-certificates',
  tag: 'scale-checks',
  summary: 'Enter a verification certificate; the cabinet sells by weight until the last valid one ends',
  access: ['operator', 'admin'],
  params: z.object({ cabinetId: Id }),
  body: z.object({
    certificateNumber: z.string().trim().min(1).max(60),
    issuedBy: z.string().trim().min(2).max(120),
    accuracyClass: AccuracyClass,
    intervalMg: IntervalMg,
    maxMassMg: LoadMg.min(1),
    verifiedAtMs: EpochMs,
    expiresAtMs: EpochMs,
  }),
  reply: z.object({ certificateId: Id }),
  status: 201,
})
export const listScaleCertificates = defineRoute({
  method: 'GET',
  path: '/api/scale-certificates',
  tag: 'scale-checks',
  summary: 'Verification certificates, newest first; `isValid` leaves those in force, or those that are not',
  access: readers,
  query: PageQuery.extend({ cabinetId: Id.optional(), isValid: z.stringbool().optional() }),
  reply: pageOf(ScaleCertificate),
  status: 200,
})
export const revokeScaleCertificate = defineRoute({
  method: 'POST',
  path: '/api/scale-certificates/:certificateId/revocation',
  tag: 'scale-checks',
  summary: 'Take a certificate back: entered wrongly, or its seal is broken; without another, nothing sells by weight',
  access: ['operator', 'admin'],
  params: z.object({ certificateId: Id }),
  body: z.object({ note }),
  reply: z.void(),
  status: 204,
})
