// The bars of weighing.md, rule 5, at their edges: what is decided when the posteriors are what they are.
import { describe, expect, it } from 'vitest'
import type { LaneHypothesis, TakenGroup } from '#cabinet-agent/weighing/lane-walk.ts'
import { decideBill } from '#cabinet-agent/weighing/decide-bill.ts'
import { laneSetup } from '#tests/support/session-setup.ts'

const priceFen = 100
const lane = laneSetup({ priceFen })

const taken = (count: number): LaneHypothesis => {
  const group: TakenGroup = { atMs: 1_000, count, massG: 500 * count, variance: 1 }
  return { logP: 0, groups: count === 0 ? [] : [group], puts: [], isUnexplained: false, hasKnownLeft: false }
}

/** So many pieces taken with this probability, else one more; either is as good as the other but for the money. */
const verdictOn = (count: number, probability: number) =>
  decideBill(
    {
      lanes: [{ lane, levels: [], models: undefined }],
      explanations: [
        { probability, lanes: [taken(count)], matches: [] },
        { probability: 1 - probability, lanes: [taken(count + 1)], matches: [] },
      ],
    },
    2_000,
  )

describe('a verdict', () => {
  it.each([0.986, 0.99, 0.994])(
    'sends a bill of nothing at %s to review, however little is in doubt',
    (probability) => {
      expect(verdictOn(0, probability)).toMatchObject({
        isSettled: false,
        reason: 'ambiguous',
        confidence: probability,
        best: { totalFen: 0 },
      })
    },
  )

  it('settles nothing from 0.995 on', () => {
    expect(verdictOn(0, 0.995)).toMatchObject({ isSettled: true, best: { totalFen: 0 } })
  })

  it.each([0.986, 0.99, 0.994])('settles a bill of something at %s when next to nothing is in doubt', (probability) => {
    expect(verdictOn(1, probability)).toMatchObject({ isSettled: true, best: { totalFen: priceFen } })
  })

  it('sends a bill of something below 0.985 to review', () => {
    expect(verdictOn(1, 0.984)).toMatchObject({ isSettled: false, reason: 'ambiguous' })
  })
})
