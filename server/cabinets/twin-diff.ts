// What of a twin is not yet as it should be: desired against reported, part by part. Pure; roll-outs, alerts and the page all
// go by it. Planogram and prices are compared by version, since a version of a cabinet's part never changes; the lanes as
// reported, the settings and the agent are compared by value.
import { CabinetConfig, type DesiredTwin, type ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { canonicalJson } from '#shared/contracts/mqtt/canonical-json.ts'

export const twinParts = ['planogram', 'prices', 'config', 'agent'] as const
export type TwinPart = (typeof twinParts)[number]

/** What of a twin is compared; locks of lanes are not: they bind at once and are no wish. */
export type ComparedTwin = Omit<DesiredTwin, 'lockedLanes'>

export interface TwinDifference {
  /** Such as `version`, `L03.skuId` or `settleTimeoutMs`. */
  readonly field: string
  readonly desired: string
  readonly reported: string
}

export interface TwinPartDiff {
  readonly part: TwinPart
  readonly isEqual: boolean
  readonly differences: readonly TwinDifference[]
  /** Why the cabinet does not take it over: `code: reason`. */
  readonly refusal?: string
}

export interface TwinDiff {
  readonly isEqual: boolean
  readonly parts: readonly TwinPartDiff[]
}

const differ = (field: string, desired: unknown, reported: unknown): TwinDifference[] =>
  canonicalJson(desired ?? null) === canonicalJson(reported ?? null)
    ? []
    : [{ field, desired: shown(desired), reported: shown(reported) }]

const shown = (value: unknown) => (typeof value === 'string' ? value : canonicalJson(value ?? null))

function diffPlanogram({ planogram }: ComparedTwin, reported: ReportedTwin): TwinDifference[] {
  const version = differ('version', planogram.version, reported.planogramVersion)
  const lies = new Map(reported.lanes.map(({ laneId, skuId }) => [laneId, skuId]))
  const lanes = planogram.lanes.flatMap(({ laneId, skuId }) => differ(`${laneId}.skuId`, skuId, lies.get(laneId)))
  return [...version, ...lanes]
}

function diffConfig(desired: ComparedTwin, reported: ReportedTwin): TwinDifference[] {
  // Parsed, so that settings which one side does not know yet count with their defaults.
  const should = CabinetConfig.parse(desired.config) as Readonly<Record<string, unknown>>
  const is = CabinetConfig.parse(reported.config) as Readonly<Record<string, unknown>>
  return Object.keys(should).flatMap((field) => differ(field, should[field], is[field]))
}

function diffAgent({ agent }: ComparedTwin, { agent: runs }: ReportedTwin): TwinDifference[] {
  if (agent === null) return differ('isInstalled', true, runs?.isInstalled ?? true)
  return differ('version', agent.version, runs?.version ?? 'installed')
}

/** The refusal that is about this twin or release, not an earlier one's. */
function refusalOf(part: TwinPart, desired: ComparedTwin, reported: ReportedTwin): string | undefined {
  if (part === 'agent') {
    const refused = reported.agent?.refused
    const isAbout = refused !== undefined && refused.sha256 === desired.agent?.sha256
    return isAbout ? `${refused.code}: ${refused.reason}` : undefined
  }
  const { rejected } = reported
  if (rejected === undefined || rejected.desiredVersion < desired.version) return undefined
  return `${rejected.code ?? 'rejected'}: ${rejected.reason}`
}

/** Undefined `reported`: the cabinet has never reported; then nothing is equal. */
export function diffTwin(desired: ComparedTwin, reported: ReportedTwin | undefined): TwinDiff {
  if (reported === undefined) {
    const unknown = [{ field: 'reported', desired: 'reported', reported: 'never' }]
    const parts = twinParts.map((part) => ({
      part,
      isEqual: false,
      differences: unknown,
    }))
    return { isEqual: false, parts }
  }
  const all: ReadonlyArray<readonly [TwinPart, readonly TwinDifference[]]> = [
    ['planogram', diffPlanogram(desired, reported)],
    ['prices', differ('version', desired.prices.version, reported.pricesVersion)],
    ['config', diffConfig(desired, reported)],
    ['agent', diffAgent(desired, reported)],
  ]
  const parts = all.map(([part, differences]): TwinPartDiff => {
    const isEqual = differences.length === 0
    const refusal = isEqual ? undefined : refusalOf(part, desired, reported)
    return { part, isEqual, differences, ...(refusal === undefined ? {} : { refusal }) }
  })
  return { isEqual: parts.every(({ isEqual }) => isEqual), parts }
}
