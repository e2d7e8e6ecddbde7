import { describe, expect, it } from 'vitest'
import type { WeighingEvidence } from '#shared/contracts/mqtt/event.ts'
import { createTraceRecorder } from '#cabinet-agent/sampling/trace-recorder.ts'
import { laneCurves } from '#server/web/admin/sessions/lane-curves.ts'
import { readTrace } from '#server/web/admin/sessions/read-trace.ts'
import { laneSetup, sessionSetup } from '#tests/support/session-setup.ts'

const plateau = (laneId: string, levelMg: number) => ({ laneId, levelMg, standardErrorMg: 300, sampleCount: 20 })
const evidence: WeighingEvidence = {
  opening: [plateau('L01', 6_000_000), plateau('L02', 2_000_000)],
  closing: [plateau('L01', 5_000_000), plateau('L02', 2_001_000)],
  steps: [{ laneId: 'L01', atMs: 14_000, massMg: -1_000_000, standardErrorMg: 400 }],
  hypotheses: [],
}

describe('the curves of a session', () => {
  it('show what the agent recorded, in seconds since the door opened, lost frames as gaps', () => {
    const recorder = createTraceRecorder('s1', sessionSetup({ lanes: [laneSetup(), laneSetup({ laneId: 'L02' })] }))
    recorder.sample({ atMs: 10_000, massesMg: [6_000_000, 2_000_000] })
    recorder.door({ atMs: 12_000, state: 'open' })
    recorder.sample({ atMs: 15_000, massesMg: [5_000_000, null] })
    recorder.door({ atMs: 18_000, state: 'closed' })

    const trace = readTrace(recorder.finish() ?? '')
    const curves = laneCurves(evidence, trace, 9_000)

    expect(curves).toMatchObject([
      {
        laneId: 'L01',
        isMeasured: true,
        isTouched: true,
        points: [
          [-2, 6_000],
          [3, 5_000],
        ],
        steps: [{ atS: 2, massMg: -1_000_000 }],
        door: { fromS: 0, toS: 6 },
      },
      {
        laneId: 'L02',
        isTouched: false,
        points: [
          [-2, 2_000],
          [3, null],
        ],
      },
    ])
  })

  it('fall back to the levels that were kept where there is no record, or one that is none', () => {
    const broken = readTrace('bm90IGEgdHJhY2U=')

    const [touched] = laneCurves(evidence, broken, 10_000)

    expect(broken).toBeUndefined()
    expect(touched).toMatchObject({
      isMeasured: false,
      door: undefined,
      points: [
        [0, 6_000],
        [4, 6_000],
        [4, 5_000],
        [7, 5_000],
      ],
    })
  })

  it('put a lane that could not be weighed afterwards among the touched ones', () => {
    const curves = laneCurves({ ...evidence, closing: [plateau('L01', 5_000_000)] }, undefined, 0)

    expect(curves.map(({ laneId, isTouched, afterMg }) => [laneId, isTouched, afterMg])).toEqual([
      ['L01', true, 5_000_000],
      ['L02', true, undefined],
    ])
  })
})
