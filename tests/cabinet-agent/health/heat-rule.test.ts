import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coolAndOpen, judgeWarmth, resetWarmth, warmSpellMs, type Warmth } from '#cabinet-agent/health/heat-rule.ts'

const limit = 100
const after = (
  readings: ReadonlyArray<readonly [minute: number, temperatureDeciC: number]>,
  from: Warmth = coolAndOpen,
) =>
  readings.reduce(
    (warmth, [minute, temperatureDeciC]) => judgeWarmth(warmth, { temperatureDeciC, atMs: minute * 60_000 }, limit),
    from,
  )

describe('the rule of over-temperature', () => {
  it.each([
    [
      '29 minutes too warm',
      [
        [0, 101],
        [29, 150],
      ],
      false,
    ],
    [
      '30 minutes too warm',
      [
        [0, 101],
        [30, 101],
      ],
      true,
    ],
    [
      'exactly at the limit',
      [
        [0, 100],
        [60, 100],
      ],
      false,
    ],
    [
      'cool once in between',
      [
        [0, 101],
        [20, 100],
        [40, 101],
      ],
      false,
    ],
    [
      'a thermometer that was silent in between',
      [
        [0, 101],
        [90, 101],
      ],
      true,
    ],
    [
      'a clock that was set back in between',
      [
        [50, 101],
        [10, 101],
        [39, 101],
      ],
      false,
    ],
    [
      'warm on after the clock was set back',
      [
        [50, 101],
        [10, 101],
        [40, 101],
      ],
      true,
    ],
  ] as const)('after %s', (_what, readings, isLocked) => {
    expect(after(readings).isLocked).toBe(isLocked)
  })

  it('stays locked when it is cool again, and is reset by a person only then', () => {
    const locked = after([
      [0, 120],
      [30, 120],
    ])
    const cool = after([[31, 45]], locked)

    expect(resetWarmth(locked)).toBeUndefined()
    expect(cool.isLocked).toBe(true)
    expect(resetWarmth(cool)).toEqual(coolAndOpen)
    expect(resetWarmth(coolAndOpen)).toBeUndefined()
  })

  it('does not look at a cabinet with nothing to keep cool', () => {
    expect(judgeWarmth(coolAndOpen, { temperatureDeciC: 400, atMs: warmSpellMs * 9 }, null)).toEqual(coolAndOpen)
  })

  it('locks exactly when a run of warm readings spans the spell', () => {
    const reading = fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 60, max: 140 }))
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 40 }), (steps) => {
        let minute = 0
        const readings = steps.map(([pause, temperature]) => [(minute += pause), temperature] as const)
        const isExpected = readings.some(([end], last) =>
          readings.some(
            ([start], first) =>
              first <= last &&
              (end - start) * 60_000 >= warmSpellMs &&
              readings.slice(first, last + 1).every(([, temperature]) => temperature > limit),
          ),
        )

        expect(after(readings).isLocked).toBe(isExpected)
      }),
    )
  })
})
