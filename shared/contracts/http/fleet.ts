import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { CommandOutcome } from '../mqtt/command.ts'
import { DesiredTwin, ReportedTwin } from '../mqtt/twin.ts'
import { CabinetCode } from './shelf.ts'
import { CommandRecord, HostSiteKind, RolloutState, TownCode } from './cabinets.ts'
import { defineRoute } from './route.ts'
import { pageOf, PageQuery } from './paging.ts'

/** How many cabinets the programme aims at by kind of host site, from an instant on, by a document. */
export const FleetTarget = z
  .object({
    effectiveFromMs: EpochMs,
    byHostSiteKind: z.record(HostSiteKind, z.int().min(0).max(100_000)),
    total: z.int(),
    documentNumber: z.string(),
    enteredBy: z.string(),
    enteredAtMs: EpochMs,
  })
  .meta({ id: 'FleetTarget' })

export const FleetProgress = z
  .object({
    /** The target in force; absent while none was entered, then `targetTotal` is the configured number. */
    target: FleetTarget.optional(),
    targetTotal: z.int(),
    liveByHostSiteKind: z.record(HostSiteKind, z.int()),
    liveTotal: z.int(),
    /** Cabinets that are still to go live. */
    missing: z.int(),
    /** Without a town: of sites whose town was not said. */
    counts: z.array(
      z.object({
        townCode: TownCode.optional(),
        hostSiteKind: HostSiteKind,
        rolloutState: RolloutState,
        count: z.int(),
      }),
    ),
  })
  .meta({ id: 'FleetProgress' })

/** How a cabinet stands, each with the letter that says so in a string of them; the worst that holds. */
export const cabinetConditions = {
  planned: 'p',
  installed: 'i',
  withdrawn: 'w',
  offline: 'o',
  out_of_service: 's',
  alarm: 'a',
  door_open: 'd',
  ready: 'r',
} as const
export type CabinetCondition = keyof typeof cabinetConditions

export const getFleetGrid = defineRoute({
  method: 'GET',
  path: '/api/fleet/grid',
  tag: 'fleet',
  summary:
    'Every cabinet with how it stands, in few bytes: for a grid of the whole fleet that looks again every few seconds',
  access: ['operator', 'finance', 'auditor', 'admin'],
  query: z.object({
    /** Only the letters: the caller knows the cabinets, unless their number has changed. */
    onlyConditions: z.stringbool().default(false),
  }),
  reply: z.object({
    /** One letter a cabinet, in the order of the codes. */
    conditions: z.string().regex(/^[piwosadr]*$/),
    /** Id, code and host site of each, in the same order. */
    cabinets: z.array(z.tuple([Id, CabinetCode, z.string()])).optional(),
  }),
  status: 200,
})

export const getFleetProgress = defineRoute({
  method: 'GET',
  path: '/api/fleet/progress',
  tag: 'fleet',
  summary: 'Cabinets by town, kind of site and roll-out state against the target in force',
  access: ['operator', 'finance', 'auditor', 'admin'],
  reply: FleetProgress,
  status: 200,
})
export const enterFleetTarget = defineRoute({
  method: 'POST',
  path: '/api/fleet/targets',
  tag: 'fleet',
  summary: 'Enter the next target of the roll-out with its document; only the first may reach back',
  access: ['admin'],
  body: z.object({
    effectiveFromMs: EpochMs,
    byHostSiteKind: z.record(HostSiteKind, z.int().min(0).max(100_000)),
    documentNumber: z.string().trim().min(1).max(100),
  }),
  reply: FleetTarget,
  status: 201,
})

export const TwinDiff = z
  .object({
    isEqual: z.boolean(),
    parts: z.array(
      z.object({
        part: z.enum(['planogram', 'prices', 'config', 'agent']),
        isEqual: z.boolean(),
        differences: z.array(z.object({ field: z.string(), desired: z.string(), reported: z.string() })),
        /** Why the cabinet does not take it over: `code: reason`. */
        refusal: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'TwinDiff' })

export const getTwin = defineRoute({
  method: 'GET',
  path: '/api/cabinets/:cabinetId/twin',
  tag: 'fleet',
  summary: 'A cabinet as it should be and as it is, and where the two differ',
  access: ['operator', 'restocker', 'auditor', 'admin'],
  params: z.object({ cabinetId: Id }),
  reply: z.object({ desired: DesiredTwin, reported: ReportedTwin.optional(), diff: TwinDiff }),
  status: 200,
})

/** One run of a cabinet's self-test: locks, scales, sensors, ports, the link and the clock, a line each. */
export const SelfTest = CommandRecord.omit({ kind: true })
  .extend({ cabinetId: Id, cabinetCode: CabinetCode })
  .meta({ id: 'SelfTest' })
export const runSelfTest = defineRoute({
  method: 'POST',
  path: '/api/cabinets/:cabinetId/self-tests',
  tag: 'cabinets',
  summary: 'Have a cabinet test itself; it refuses while a buyer is at its door, not while staff are',
  access: ['operator', 'restocker', 'admin'],
  params: z.object({ cabinetId: Id }),
  reply: z.object({ commandId: Id, expiresAtMs: EpochMs }),
  status: 202,
})
export const listSelfTests = defineRoute({
  method: 'GET',
  path: '/api/self-tests',
  tag: 'cabinets',
  summary: 'Self-tests with their reports, newest first',
  access: ['operator', 'restocker', 'auditor', 'admin'],
  query: PageQuery.extend({ cabinetId: Id.optional(), outcome: CommandOutcome.optional() }),
  reply: pageOf(SelfTest),
  status: 200,
})
