import { describe, expect, it } from 'vitest'
import { loadCellProfiles, type LoadCellKind } from '#firmware-bridge/virtual/load-cell-profiles.ts'
import { distinctPacks, everything, fixedPacks, produce, type GoodsKind } from './goods.ts'
import { judgeBill, type Judgement } from './judge-bill.ts'
import { judgeByOracle } from './oracle-decoder.ts'
import type { PlanOptions, Situation } from './plan-session.ts'
import { decode, recordSession } from './run-session.ts'

/** The goals of weighing.md on few sessions, as a guard; `npm run bench -- weighing` measures them on many. */

interface Sums {
  sessions: number
  settled: number
  wrong: number
  overCharged: number
  silentZero: number
  falsePick: number
}

function sumUp(judgements: readonly Judgement[]): Sums {
  const count = (is: (judgement: Judgement) => boolean) => judgements.filter(is).length
  return {
    sessions: judgements.length,
    settled: count(({ isSettled }) => isSettled),
    wrong: count(({ isWrong }) => isWrong),
    overCharged: count(({ isOverCharged }) => isOverCharged),
    silentZero: count(({ isSilentZero }) => isSilentZero),
    falsePick: count(({ hasFalsePick }) => hasFalsePick),
  }
}

/** Each combination of scale and option, `each` sessions. */
function play(
  scales: readonly LoadCellKind[],
  options: readonly PlanOptions[],
  each: number,
): { ours: Sums; oracle: Sums } {
  const ours: Judgement[] = []
  const oracle: Judgement[] = []
  let seed = 4_000_000
  for (const scale of scales) {
    for (const option of options) {
      for (let i = 0; i < each; i += 1) {
        seed += 1
        const recording = recordSession(seed, option, loadCellProfiles[scale])
        ours.push(judgeBill(recording.plan, decode(recording)))
        oracle.push(judgeByOracle(recording))
      }
    }
  }
  return { ours: sumUp(ours), oracle: sumUp(oracle) }
}

const pieces = (kinds: readonly GoodsKind[], counts: readonly number[]): PlanOptions[] =>
  kinds.flatMap((kind) =>
    counts.map((count) => ({ situation: 'bulk', laneCount: 6, kinds, main: { kind, count } }) as const),
  )

describe('the goals of weighing', () => {
  it('G1, G2: no worse than the oracle over all situations', { timeout: 120_000 }, () => {
    const situations: readonly Situation[] = [
      'plain',
      'bulk',
      'many',
      'nothing',
      'return',
      'hand',
      'slow',
      'held',
      'quick',
      'bias',
      'dried',
    ]
    const options = situations.map((situation) => ({ situation, laneCount: 8, kinds: everything }))

    const { ours, oracle } = play(['good', 'typical', 'bad'], options, 8)

    expect(ours.overCharged).toBe(0)
    expect(ours.wrong).toBeLessThanOrEqual(1.25 * oracle.wrong)
    expect(ours.settled / ours.sessions).toBeGreaterThanOrEqual(oracle.settled / oracle.sessions - 0.02)
  })

  it('G3: fixed packs are right and automatic', { timeout: 120_000 }, () => {
    const { ours } = play(['good', 'typical'], pieces(fixedPacks, [1, 3, 6, 10]), 3)

    expect(ours.wrong).toBe(0)
    expect(ours.settled / ours.sessions).toBeGreaterThanOrEqual(0.99)
  })

  it('G4: produce by the piece is right up to the count its spread allows', { timeout: 120_000 }, () => {
    const { ours } = play(
      ['good', 'typical'],
      [...pieces(produce(0.05), [4, 10]), ...pieces(produce(0.08), [2, 5]), ...pieces(produce(0.1), [1, 3])],
      3,
    )

    expect(ours.wrong).toBe(0)
    expect(ours.settled / ours.sessions).toBeGreaterThanOrEqual(0.97)
  })

  it('G6: a piece in another lane is netted', { timeout: 120_000 }, () => {
    const { ours } = play(['good', 'typical'], [{ situation: 'misplace', laneCount: 6, kinds: distinctPacks }], 40)

    expect(ours.wrong).toBe(0)
    expect(ours.settled / ours.sessions).toBeGreaterThanOrEqual(0.95)
  })

  it('G7, G8: cheats and faults never over-charge, and untouched lanes are never billed', { timeout: 120_000 }, () => {
    const situations: readonly Situation[] = ['foreign', 'swap', 'nothing']
    const options = situations.map((situation) => ({ situation, laneCount: 12, kinds: fixedPacks }))

    const { ours } = play(['good', 'typical', 'bad'], options, 15)

    expect(ours).toMatchObject({ overCharged: 0, silentZero: 0, falsePick: 0 })
  })
})
