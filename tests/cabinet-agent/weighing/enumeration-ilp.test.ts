import { describe, expect, it } from 'vitest'
import { equalTo, greaterEq, lessEq, solve, type Constraint, type Coefficients } from 'yalps'
import { nextBelow, nextGaussian, seededRandom, type Random } from '#shared/ids/random.ts'
import type { LaneSetup } from '#cabinet-agent/weighing/session-setup.ts'
import { laneSetup, sessionSetup } from '#tests/support/session-setup.ts'
import { visit } from '#tests/support/weighing-script.ts'

/**
 * The enumeration against an integer program that knows only before and after: least Σ|residual| + penalties over whole
 * pieces x[l][s] of SKU s that left (+) or came into (−) lane l, with stock bounds and conservation per SKU.
 */

const packs: ReadonlyArray<readonly [string, number]> = [
  ['tea', 86],
  ['pepper', 119],
  ['hotpot', 171],
  ['honey', 402],
  ['eggs', 613],
  ['pear', 1020],
]

interface Deal {
  lanes: LaneSetup[]
  levels: number[][]
}

/** A visit on fixed packs: pieces taken one by one, and sometimes one of them put into another lane. */
function deal(random: Random): Deal {
  const lanes = packs.map(([skuId, meanG], index) => {
    const unitG = meanG * (1 + 0.01 * nextGaussian(random))
    const count = 4 + nextBelow(random, 6)
    return laneSetup({
      laneId: `L0${index + 1}`,
      skuId,
      priceFen: 100 * (index + 1),
      unitWeight: { meanMg: Math.round(unitG * 1000), sdMg: Math.round(unitG * 5), samples: 12 },
      stock: { count, grossMg: Math.round(unitG * count * 1000) },
    })
  })
  const levels = [lanes.map(({ stock }) => stock.grossMg / 1000)]
  const move = (lane: number, massG: number) => {
    levels.push((levels.at(-1) ?? []).map((levelG, index) => (index === lane ? levelG + massG : levelG)))
  }
  let last: { lane: number; massG: number } | undefined
  for (let picks = nextBelow(random, 4); picks >= 0; picks -= 1) {
    const lane = nextBelow(random, lanes.length)
    const unitG = (lanes[lane]?.unitWeight.meanMg ?? 0) / 1000
    last = { lane, massG: unitG * (1 + 0.004 * nextGaussian(random)) }
    move(lane, -last.massG)
  }
  if (last !== undefined && nextBelow(random, 3) === 0) move((last.lane + 1 + nextBelow(random, 5)) % 6, last.massG)
  return { lanes, levels }
}

/** Pieces that left the cabinet, by SKU, by the integer program. */
function solveByProgram({ lanes, levels }: Deal): Record<string, number> {
  const first = levels[0] ?? []
  const last = levels.at(-1) ?? []
  const constraints: Record<string, Constraint> = {}
  const variables: Record<string, Coefficients> = {}
  const integers: string[] = []
  lanes.forEach(({ skuId, stock }, l) => {
    constraints[`balance${l}`] = equalTo((first[l] ?? 0) - (last[l] ?? 0))
    constraints[`net-${skuId}`] = greaterEq(0)
    constraints[`stock-${skuId}`] = lessEq(stock.count)
    // What stays unexplained, either way, per gram.
    variables[`over${l}`] = { cost: 1, [`balance${l}`]: 1 }
    variables[`under${l}`] = { cost: 1, [`balance${l}`]: -1 }
    lanes.forEach(({ skuId: other, unitWeight }) => {
      const massG = unitWeight.meanMg / 1000
      if (other === skuId) {
        variables[`take-${l}`] = { cost: 2, [`balance${l}`]: massG, [`net-${other}`]: 1, [`stock-${other}`]: 1 }
        integers.push(`take-${l}`)
      } else {
        variables[`put-${l}-${other}`] = { cost: 8, [`balance${l}`]: -massG, [`net-${other}`]: -1 }
        integers.push(`put-${l}-${other}`)
      }
    })
  })
  const solution = solve({ direction: 'minimize', objective: 'cost', constraints, variables, integers })
  const gone: Record<string, number> = {}
  for (const [name, value] of solution.variables) {
    const [kind, lane, other] = name.split('-')
    if (kind === 'take') add(gone, lanes[Number(lane)]?.skuId ?? '', Math.round(value))
    if (kind === 'put') add(gone, other ?? '', -Math.round(value))
  }
  return Object.fromEntries(Object.entries(gone).filter(([, count]) => count !== 0))
}

function add(sums: Record<string, number>, key: string, value: number): void {
  sums[key] = (sums[key] ?? 0) + value
}

describe('the enumeration and an integer program', () => {
  it('agree on every visit that the decoder settles', () => {
    const random = seededRandom(77)
    let settled = 0
    const visits = 150
    for (let i = 0; i < visits; i += 1) {
      const dealt = deal(random)

      const bill = visit(sessionSetup({ lanes: dealt.lanes }), dealt.levels, i + 1)

      if (bill.outcome !== 'settled') continue
      settled += 1
      const billed = Object.fromEntries(bill.lines.map(({ skuId, count }) => [skuId, count]))
      expect(billed, `visit ${i}`).toEqual(solveByProgram(dealt))
    }
    expect(settled).toBeGreaterThan(0.97 * visits)
  })
})
