import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exp, log, logAdd, logNormal, roundTo } from '#cabinet-agent/weighing/deterministic-math.ts'
import { logStudent, studentConstant } from '#cabinet-agent/weighing/student-density.ts'

describe('deterministic mathematics', () => {
  it('exp agrees with the platform to 14 digits', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(1e-14)
      }),
    )
  })

  it('log agrees with the platform to 14 digits, subnormals included', () => {
    fc.assert(
      fc.property(fc.double({ min: 5e-324, max: 1e308, noNaN: true }), (x) => {
        expect(Math.abs(log(x) - Math.log(x))).toBeLessThanOrEqual(1e-14 * Math.max(1, Math.abs(Math.log(x))))
      }),
    )
  })

  it('has the edges a posterior meets', () => {
    expect(exp(-1000)).toBe(0)
    expect(exp(0)).toBe(1)
    expect(exp(1000)).toBe(Infinity)
    expect(log(0)).toBe(-Infinity)
    expect(log(1)).toBe(0)
    expect(logAdd(-Infinity, -3)).toBe(-3)
    expect(logAdd(-1000, -1000)).toBeCloseTo(-1000 + Math.LN2, 10)
    expect(roundTo(-0.0000004, 6)).toBe(0)
  })

  it('knows the normal and the t density', () => {
    expect(logNormal(1, 0, 4)).toBeCloseTo(Math.log(Math.exp(-1 / 8) / Math.sqrt(8 * Math.PI)), 12)
    // One degree of freedom is Cauchy; at 0 its density is 1/π.
    expect(logStudent(0, 0, 1, 1, studentConstant(1))).toBeCloseTo(-Math.log(Math.PI), 12)
    // Two degrees of freedom: 1/(2√2) at 0.
    expect(logStudent(0, 0, 1, 2, studentConstant(2))).toBeCloseTo(-Math.log(2 * Math.SQRT2), 12)
  })
})
