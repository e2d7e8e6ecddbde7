/** Gets the live cabinets enrolled: asks the server for their one-time codes and writes what the boards' process must know. */
import { createEnrolmentCode, getCabinet, listCabinets, type CabinetSummary } from '#shared/contracts/http/cabinets.ts'
import type { FleetConfig } from '#shared/contracts/demo/hands.ts'
import { delay, type Clock } from '#shared/time/clock.ts'
import type { ApiClient } from './api-client.ts'
import type { DemoCabinet } from './data/sites.ts'
import { lanesPerCabinet } from './data/shelves.ts'

export interface FleetPlanOptions {
  /** Signed in as an operator. */
  readonly api: ApiClient
  /** Those with scales. */
  readonly cabinets: readonly DemoCabinet[]
  readonly seed: number
  readonly serverUrl: string
  readonly handsPort: number
  readonly dataDirectory: string
}

const pollMs = 200

async function listDemoCabinets(api: ApiClient): Promise<CabinetSummary[]> {
  const { rows } = await api.call(listCabinets, { query: { isDemo: 'true', limit: 200 } })
  return rows
}

/** A code for each cabinet that has no key yet; those that have one find it in the data directory. */
export async function planFleet(options: FleetPlanOptions): Promise<FleetConfig> {
  const { api, seed, serverUrl, handsPort, dataDirectory } = options
  const known = new Map((await listDemoCabinets(api)).map((cabinet) => [cabinet.code, cabinet]))
  const cabinets: FleetConfig['cabinets'] = []
  for (const [index, { code, scaleProfile }] of options.cabinets.entries()) {
    const cabinetId = known.get(code)?.cabinetId
    if (scaleProfile === undefined || cabinetId === undefined) throw new Error(`${code} is no virtual cabinet`)
    const { isEnrolled } = await api.call(getCabinet, { params: { cabinetId } })
    const issued = isEnrolled ? undefined : await api.call(createEnrolmentCode, { params: { cabinetId } })
    cabinets.push({
      code,
      ...(issued === undefined ? {} : { enrolmentCode: issued.enrolmentCode }),
      seed: seed + index,
      laneCount: lanesPerCabinet,
      profile: scaleProfile,
    })
  }
  return { serverUrl, handsPort, dataDirectory, cabinets }
}

/** Resolves once all these cabinets are online and in service; rejects after `timeoutMs`, naming those that are not. */
export async function waitForCabinets(
  wait: { readonly clock: Clock; readonly signal: AbortSignal; readonly timeoutMs: number },
  api: ApiClient,
  codes: readonly string[],
): Promise<void> {
  const deadlineMs = wait.clock.monotonicMs() + wait.timeoutMs
  for (;;) {
    const ready = (await listDemoCabinets(api)).filter(({ isOnline, isInService }) => isOnline && isInService)
    const missing = codes.filter((code) => !ready.some((cabinet) => cabinet.code === code))
    if (missing.length === 0) return
    if (wait.clock.monotonicMs() > deadlineMs) throw new Error(`not online: ${missing.join(', ')}`)
    await delay(wait.clock, pollMs, wait.signal)
  }
}
