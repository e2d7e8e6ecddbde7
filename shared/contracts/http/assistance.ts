import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { Fen, NonNegativeFen } from '../../units/fen.ts'
import { HouseholdCode } from './households.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery, TimedPageQuery } from './paging.ts'
import { Reason } from './reason.ts'

const readers = ['farmer', 'helper', 'desk', 'operator', 'finance', 'auditor', 'admin'] as const
const writers = ['helper', 'desk', 'operator', 'admin'] as const
const params = z.object({ householdCode: HouseholdCode })
/** Never causes of poverty, health or schooling: those belong to other authorities (domain.md). */
const Note = z.string().trim().max(500)

export const VisitChannel = z.enum(['PHONE', 'WECHAT', 'HOME']).meta({ id: 'VisitChannel' })
export const Visit = z
  .object({
    visitId: Id,
    householdCode: HouseholdCode,
    headName: z.string(),
    channel: VisitChannel,
    atMs: EpochMs,
    note: z.string(),
    byAccountId: Id,
    byName: z.string(),
    recordedAtMs: EpochMs,
  })
  .meta({ id: 'Visit' })
export const logVisit = defineRoute({
  method: 'POST',
  path: '/api/households/:householdCode/visits',
  tag: 'assistance',
  summary: 'Log a call on a household: by phone, WeChat or at home',
  access: writers,
  params,
  body: z.object({ channel: VisitChannel, atMs: EpochMs, note: Note.default('') }),
  reply: Visit,
  status: 201,
})
export const listVisits = defineRoute({
  method: 'GET',
  path: '/api/visits',
  tag: 'assistance',
  summary: 'Visits, newest first; a helper sees those to own households, a desk those of its area',
  access: readers,
  query: TimedPageQuery.extend({ householdCode: HouseholdCode.optional(), channel: VisitChannel.optional() }),
  reply: pageOf(Visit),
  status: 200,
})

/** The six ones (六个一): the first three are told from data, the other three are a tick and a date. */
export const SixOnesKey = z.enum(['incomePlan', 'welfarePost', 'guidance', 'fourth', 'fifth', 'sixth'])
export const TickedKey = z.enum(['fourth', 'fifth', 'sixth'])
export const SixOnesChecklist = z
  .object({
    householdCode: HouseholdCode,
    year: z.int(),
    items: z.array(
      z.object({
        key: SixOnesKey,
        label: z.string(),
        isDone: z.boolean(),
        doneAtMs: EpochMs.optional(),
        /** What says so: the plan, post, guidance record or tick. */
        evidence: z.string().optional(),
      }),
    ),
    done: z.int(),
  })
  .meta({ id: 'SixOnesChecklist' })
export const getSixOnes = defineRoute({
  method: 'GET',
  path: '/api/households/:householdCode/six-ones',
  tag: 'assistance',
  summary: 'The six-ones checklist of a household in a year',
  access: readers,
  params,
  query: z.object({ year: z.coerce.number().int().min(2014).max(2100).optional() }),
  reply: SixOnesChecklist,
  status: 200,
})
export const tickSixOnes = defineRoute({
  method: 'PUT',
  path: '/api/households/:householdCode/six-ones/:key',
  tag: 'assistance',
  summary: 'Tick one of the three items that are a tick and a date, or take the tick back; both stay in the history',
  access: writers,
  params: params.extend({ key: TickedKey }),
  body: z.object({ isDone: z.boolean(), doneAtMs: EpochMs }),
  reply: SixOnesChecklist,
  status: 200,
})
export const nameSixOnes = defineRoute({
  method: 'PUT',
  path: '/api/six-ones/:key/label',
  tag: 'assistance',
  summary: 'Word one of the three ticked items as the district words it',
  access: ['operator', 'admin'],
  params: z.object({ key: TickedKey }),
  body: z.object({ label: z.string().trim().min(2).max(40) }),
  reply: z.object({ key: TickedKey, label: z.string() }),
  status: 200,
})

export const IncomeMeasure = z
  .object({
    incomeKind: z.enum(['OPERATING', 'PROPERTY', 'WAGE', 'TRANSFER']),
    what: z.string().trim().min(2).max(120),
    expectedFen: NonNegativeFen,
  })
  .meta({ id: 'IncomeMeasure' })
export const IncomePlan = z
  .object({
    planId: Id,
    householdCode: HouseholdCode,
    year: z.int(),
    version: z.int(),
    /** Σ measures. */
    targetFen: NonNegativeFen,
    /** Attributed income of that year so far. */
    attributedFen: Fen,
    measures: z.array(IncomeMeasure),
    writtenBy: Id,
    writtenAtMs: EpochMs,
  })
  .meta({ id: 'IncomePlan' })
const Year = z.int().min(2014).max(2100)
const sumOf = (measures: ReadonlyArray<{ readonly expectedFen: number }>) =>
  measures.reduce((sum, { expectedFen }) => sum + expectedFen, 0)
export const writeIncomePlan = defineRoute({
  method: 'POST',
  path: '/api/households/:householdCode/income-plans',
  tag: 'assistance',
  summary: 'Write the next version of a household’s income plan for a year; earlier versions stay',
  access: writers,
  params,
  body: z.object({
    year: Year,
    measures: z
      .array(IncomeMeasure)
      .min(1)
      .max(20)
      .refine((all) => NonNegativeFen.safeParse(sumOf(all)).success, 'the measures come to more than can be booked'),
  }),
  reply: IncomePlan,
  status: 201,
})
export const listIncomePlans = defineRoute({
  method: 'GET',
  path: '/api/households/:householdCode/income-plans',
  tag: 'assistance',
  summary: 'Income plans of a household, newest year and version first, beside what was attributed',
  access: readers,
  params,
  query: PageQuery,
  reply: pageOf(IncomePlan),
  status: 200,
})

export const WelfarePost = z
  .object({
    postId: Id,
    householdCode: HouseholdCode,
    title: z.string(),
    unitName: z.string(),
    monthlyFen: NonNegativeFen,
    fromMs: EpochMs,
    toMs: EpochMs.optional(),
  })
  .meta({ id: 'WelfarePost' })
export const giveWelfarePost = defineRoute({
  method: 'POST',
  path: '/api/households/:householdCode/welfare-posts',
  tag: 'assistance',
  summary: 'Record a public-welfare post (公益岗位) that a household took up',
  access: writers,
  params,
  body: z.object({
    title: z.string().trim().min(2).max(80),
    unitName: z.string().trim().min(2).max(80),
    monthlyFen: NonNegativeFen,
    fromMs: EpochMs,
  }),
  reply: WelfarePost,
  status: 201,
})
export const endWelfarePost = defineRoute({
  method: 'POST',
  path: '/api/welfare-posts/:postId/end',
  tag: 'assistance',
  summary: 'Date the end of a public-welfare post',
  access: writers,
  params: z.object({ postId: Id }),
  body: z.object({ toMs: EpochMs, reason: Reason }),
  reply: WelfarePost,
  status: 200,
})
export const listWelfarePosts = defineRoute({
  method: 'GET',
  path: '/api/households/:householdCode/welfare-posts',
  tag: 'assistance',
  summary: 'Public-welfare posts of a household, newest first',
  access: readers,
  params,
  query: PageQuery,
  reply: pageOf(WelfarePost),
  status: 200,
})

export const Instructor = z
  .object({
    instructorId: Id,
    name: z.string().trim().min(2).max(40),
    specialty: z.string().trim().min(2).max(80),
    unitName: z.string().trim().min(2).max(80),
    townCode: z
      .string()
      .regex(/^\d{9}$/)
      .optional(),
    isActive: z.boolean(),
    /** Guidance records so far. */
    guidances: z.int(),
  })
  .meta({ id: 'Instructor' })
export const listInstructors = defineRoute({
  method: 'GET',
  path: '/api/instructors',
  tag: 'assistance',
  summary: 'Directory of technical instructors',
  access: readers,
  query: PageQuery.extend({
    townCode: z.string().max(9).optional(),
    search: z.string().max(40).optional(),
    isActive: z.stringbool().optional(),
  }),
  reply: pageOf(Instructor),
  status: 200,
})
export const enterInstructor = defineRoute({
  method: 'POST',
  path: '/api/instructors',
  tag: 'assistance',
  summary: 'Enter an instructor into the directory',
  access: ['desk', 'operator', 'admin'],
  body: Instructor.omit({ instructorId: true, isActive: true, guidances: true }),
  reply: Instructor,
  status: 201,
})
export const setInstructorActive = defineRoute({
  method: 'PATCH',
  path: '/api/instructors/:instructorId',
  tag: 'assistance',
  summary: 'Say that an instructor no longer teaches, or does again',
  access: ['desk', 'operator', 'admin'],
  params: z.object({ instructorId: Id }),
  body: z.object({ isActive: z.boolean(), reason: Reason }),
  reply: z.void(),
  status: 204,
})
export const Guidance = z
  .object({
    guidanceId: Id,
    householdCode: HouseholdCode,
    headName: z.string(),
    instructorId: Id,
    instructorName: z.string(),
    topic: z.string(),
    atMs: EpochMs,
  })
  .meta({ id: 'Guidance' })
export const recordGuidance = defineRoute({
  method: 'POST',
  path: '/api/households/:householdCode/guidances',
  tag: 'assistance',
  summary: 'Record technical guidance that an instructor gave a household',
  access: writers,
  params,
  body: z.object({ instructorId: Id, topic: z.string().trim().min(2).max(200), atMs: EpochMs }),
  reply: Guidance,
  status: 201,
})
export const listGuidances = defineRoute({
  method: 'GET',
  path: '/api/guidances',
  tag: 'assistance',
  summary: 'Guidance records, newest first, of one household or instructor or of all in scope',
  access: readers,
  query: PageQuery.extend({ householdCode: HouseholdCode.optional(), instructorId: Id.optional() }),
  reply: pageOf(Guidance),
  status: 200,
})
