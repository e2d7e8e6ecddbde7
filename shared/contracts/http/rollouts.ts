import { z } from 'zod'
import { Id } from '../../ids/uuid-v7.ts'
import { EpochMs } from '../../time/clock.ts'
import { NonNegativeFen } from '../../units/fen.ts'
import { AgentVersion, CabinetConfigChange, maxBundleBytes, PlanogramLane, Sha256 } from '../mqtt/twin.ts'
import { CabinetCode } from './shelf.ts'
import { defineRoute, Download } from './route.ts'
import { pageOf, PageQuery, TimedPageQuery } from './paging.ts'

/** What a roll-out changes in each of its cabinets. */
export const RolloutChange = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('planogram'),
      lanes: z
        .array(PlanogramLane.omit({ skuName: true, labelUnitMassMg: true, labelUnitMassSdMg: true, mode: true }))
        .min(1)
        .max(99),
    }),
    z.object({ kind: z.literal('prices'), prices: z.record(Id, NonNegativeFen) }),
    z.object({ kind: z.literal('config'), config: CabinetConfigChange }),
    z.object({ kind: z.literal('agent'), version: AgentVersion }),
  ])
  .meta({ id: 'RolloutChange' })
export type RolloutChange = z.infer<typeof RolloutChange>

export const RolloutState = z
  .enum(['running', 'paused', 'stopped', 'done', 'reverting', 'reverted'])
  .meta({ id: 'StagedRolloutState' })
/** In which a cabinet of a roll-out stands: `listed` carries its reason. */
export const RolloutCabinetState = z.enum(['waiting', 'sent', 'equal', 'listed']).meta({ id: 'RolloutCabinetState' })
export type RolloutCabinetState = z.infer<typeof RolloutCabinetState>

export const Rollout = z
  .object({
    rolloutId: Id,
    title: z.string(),
    change: RolloutChange,
    state: RolloutState,
    /** From 0; the last wave is all the rest. */
    wave: z.int(),
    waveSizes: z.array(z.int()),
    /** Share of cabinets that may fail before it stops, hundredths of a percent. */
    maxErrorBp: z.int(),
    waveTimeoutMs: z.int(),
    stopReason: z.string().optional(),
    counts: z.record(RolloutCabinetState, z.int()),
    createdBy: z.string(),
    createdAtMs: EpochMs,
    endedAtMs: EpochMs.optional(),
  })
  .meta({ id: 'Rollout' })

export const RolloutCabinet = z
  .object({
    cabinetId: Id,
    code: CabinetCode,
    wave: z.int(),
    state: RolloutCabinetState,
    /** True once the roll-out puts back what this cabinet had. */
    isGoingBack: z.boolean(),
    reason: z.string().optional(),
    sentAtMs: EpochMs.optional(),
    settledAtMs: EpochMs.optional(),
  })
  .meta({ id: 'RolloutCabinet' })

const rolloutParams = z.object({ rolloutId: Id })
const readers = ['operator', 'auditor', 'admin'] as const

export const startRollout = defineRoute({
  method: 'POST',
  path: '/api/rollouts',
  tag: 'rollouts',
  summary: 'Roll a change of planogram, prices, settings or agent out in waves (1 → 10 → 100 → all)',
  access: ['operator', 'admin'],
  body: z.object({
    title: z.string().trim().min(1).max(120),
    change: RolloutChange,
    /** In this order; without it every enrolled cabinet that is not withdrawn, by code. */
    cabinetIds: z.array(Id).min(1).max(10_000).optional(),
    waveSizes: z.array(z.int().min(1).max(10_000)).max(8).default([1, 10, 100]),
    maxErrorBp: z.int().min(0).max(10_000).default(500),
    waveTimeoutMs: z.int().min(10_000).max(86_400_000).default(600_000),
  }),
  reply: Rollout,
  status: 201,
})
export const listRollouts = defineRoute({
  method: 'GET',
  path: '/api/rollouts',
  tag: 'rollouts',
  summary: 'Staged roll-outs, newest first',
  access: readers,
  query: TimedPageQuery,
  reply: pageOf(Rollout),
  status: 200,
})
export const getRollout = defineRoute({
  method: 'GET',
  path: '/api/rollouts/:rolloutId',
  tag: 'rollouts',
  summary: 'One staged roll-out with how many cabinets stand where',
  access: readers,
  params: rolloutParams,
  reply: Rollout,
  status: 200,
})
export const listRolloutCabinets = defineRoute({
  method: 'GET',
  path: '/api/rollouts/:rolloutId/cabinets',
  tag: 'rollouts',
  summary: 'The cabinets of a roll-out in their order: equal, or listed with the reason',
  access: readers,
  params: rolloutParams,
  query: PageQuery.extend({ state: RolloutCabinetState.optional() }),
  reply: pageOf(RolloutCabinet),
  status: 200,
})
export const moveRollout = defineRoute({
  method: 'POST',
  path: '/api/rollouts/:rolloutId/moves',
  tag: 'rollouts',
  summary: 'Pause, resume or revert; reverting puts back what each cabinet had before',
  access: ['operator', 'admin'],
  params: rolloutParams,
  body: z.object({ move: z.enum(['pause', 'resume', 'revert']), reason: z.string().trim().min(1).max(200) }),
  reply: Rollout,
  status: 200,
})

/** A bundle of the agent as it is known here. */
export const AgentReleaseRecord = z
  .object({
    version: AgentVersion,
    sha256: Sha256,
    sizeBytes: z.int(),
    uploadedBy: z.string(),
    uploadedAtMs: EpochMs,
  })
  .meta({ id: 'AgentReleaseRecord' })

export const uploadAgentRelease = defineRoute({
  method: 'POST',
  path: '/api/agent-releases/:version',
  tag: 'rollouts',
  summary: 'Hand in a bundle of the agent; it is hashed and signed here and stays as it is',
  access: ['admin'],
  params: z.object({ version: AgentVersion }),
  upload: { maxBytes: maxBundleBytes, holds: 'the JavaScript that `node .tools/agent-bundle.mjs` writes' },
  reply: AgentReleaseRecord,
  status: 201,
})
export const listAgentReleases = defineRoute({
  method: 'GET',
  path: '/api/agent-releases',
  tag: 'rollouts',
  summary: 'Bundles of the agent, newest first',
  access: readers,
  query: TimedPageQuery,
  reply: pageOf(AgentReleaseRecord),
  status: 200,
})
export const getAgentBundle = defineRoute({
  method: 'GET',
  path: '/api/agent-releases/:version/bundle',
  tag: 'rollouts',
  summary: 'The bytes of a bundle, for cabinets; the signed release in their twin says what they must hash to',
  access: 'public',
  params: z.object({ version: AgentVersion }),
  reply: Download,
  download: ['text/javascript'],
  status: 200,
})
