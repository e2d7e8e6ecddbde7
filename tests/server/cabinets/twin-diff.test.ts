import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffTwin, type TwinPart } from '#server/cabinets/twin-diff.ts'
import { type AgentRelease, CabinetConfig, type DesiredTwin, type ReportedTwin } from '#shared/contracts/mqtt/twin.ts'

const skuA = '01890000-0000-7000-8000-00000000000a'
const skuB = '01890000-0000-7000-8000-00000000000b'

const release: AgentRelease = { version: '0.2.0', sha256: 'a'.repeat(64), sizeBytes: 10, signature: 's' }

function makeDesired(change: Partial<DesiredTwin> = {}): DesiredTwin {
  const lane = {
    laneId: 'L01',
    skuId: skuA,
    skuName: '沃柑',
    mode: 'piece' as const,
    capacity: 9,
    labelUnitMassMg: 1_000_000,
    labelUnitMassSdMg: 10_000,
    isOnSale: true,
  }
  return {
    version: 7,
    planogram: { version: 2, lanes: [lane] },
    prices: { version: 3, prices: { [skuA]: 1_280 } },
    config: CabinetConfig.parse({}),
    agent: null,
    lockedLanes: [],
    ...change,
  }
}

/** What a cabinet reports that has taken all of it over. */
function makeReported(desired: DesiredTwin, change: Partial<ReportedTwin> = {}): ReportedTwin {
  return {
    desiredVersion: desired.version,
    planogramVersion: desired.planogram.version,
    pricesVersion: desired.prices.version,
    config: desired.config,
    isInService: true,
    doorState: 'closed',
    sessionState: 'idle',
    lanes: desired.planogram.lanes.map(({ laneId, skuId }) => ({
      laneId,
      skuId,
      count: 3,
      grossMg: 3_000_000,
      unitMassMg: 1_000_000,
      unitMassSdMg: 10_000,
      hasForeignObject: false,
      isFaulty: false,
    })),
    alarms: [],
    agent: { version: desired.agent?.version ?? '0.1.0', isInstalled: desired.agent === null },
    atMs: 1,
    ...change,
  }
}

const unequalParts = (desired: DesiredTwin, reported: ReportedTwin): TwinPart[] =>
  diffTwin(desired, reported)
    .parts.filter(({ isEqual }) => !isEqual)
    .map(({ part }) => part)

describe('the difference of a twin', () => {
  it('is none when everything was taken over, also by an agent that knows fewer settings', () => {
    const desired = makeDesired()
    const { mqttUrl: _later, ...known } = desired.config
    const older = makeReported(desired, { config: known as CabinetConfig })
    delete older.agent

    expect(diffTwin(desired, makeReported(desired)).isEqual).toBe(true)
    expect(diffTwin(desired, older).isEqual).toBe(true)
  })

  it('names a lane that holds other goods than planned', () => {
    const desired = makeDesired()
    const reported = makeReported(desired)
    const [lane] = reported.lanes
    if (lane !== undefined) lane.skuId = skuB

    const [planogram] = diffTwin(desired, reported).parts

    expect(planogram).toMatchObject({
      part: 'planogram',
      isEqual: false,
      differences: [{ field: 'L01.skuId', desired: skuA, reported: skuB }],
    })
  })

  it('tells why a cabinet refuses this twin, and leaves out what it said of an earlier one', () => {
    const desired = makeDesired()
    const rejected = { desiredVersion: 7, code: 'lane_without_scale' as const, reason: 'lane L01 has no scale here' }
    const refusing = makeReported(desired, { planogramVersion: 1, rejected })
    const earlier = makeReported(desired, { planogramVersion: 1, rejected: { ...rejected, desiredVersion: 6 } })

    expect(diffTwin(desired, refusing).parts[0]?.refusal).toBe('lane_without_scale: lane L01 has no scale here')
    expect(diffTwin(desired, earlier).parts[0]?.refusal).toBeUndefined()
  })

  it('tells why a release does not run, as long as that very release is wanted', () => {
    const desired = makeDesired({ agent: release })
    const refused = { version: '0.2.0', sha256: release.sha256, code: 'wrong_hash' as const, reason: 'other bytes' }
    const reported = makeReported(desired, { agent: { version: '0.1.0', isInstalled: true, refused } })
    const other = makeDesired({ agent: { ...release, sha256: 'b'.repeat(64) } })

    expect(diffTwin(desired, reported).parts[3]).toMatchObject({
      differences: [{ field: 'version', desired: '0.2.0', reported: '0.1.0' }],
      refusal: 'wrong_hash: other bytes',
    })
    expect(diffTwin(other, reported).parts[3]?.refusal).toBeUndefined()
  })

  it('holds for no part of a cabinet that never reported', () => {
    expect(diffTwin(makeDesired(), undefined)).toMatchObject({
      isEqual: false,
      parts: [{ isEqual: false }, { isEqual: false }, { isEqual: false }, { isEqual: false }],
    })
  })

  it('names exactly the parts that differ', () => {
    const changes: Readonly<Record<TwinPart, (reported: ReportedTwin) => ReportedTwin>> = {
      planogram: (reported) => ({ ...reported, planogramVersion: reported.planogramVersion + 1 }),
      prices: (reported) => ({ ...reported, pricesVersion: reported.pricesVersion + 1 }),
      config: (reported) => ({ ...reported, config: { ...reported.config, settleTimeoutMs: 9_000 } }),
      agent: (reported) => ({ ...reported, agent: { version: '0.0.9', isInstalled: false } }),
    }
    const parts = Object.keys(changes) as TwinPart[]
    fc.assert(
      fc.property(fc.subarray(parts), fc.boolean(), (spoilt, isRelease) => {
        const desired = makeDesired(isRelease ? { agent: release } : {})
        const reported = spoilt.reduce((so, part) => changes[part](so), makeReported(desired))

        expect(unequalParts(desired, reported)).toEqual(parts.filter((part) => spoilt.includes(part)))
      }),
    )
  })
})
