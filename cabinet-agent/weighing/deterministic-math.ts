/**
 * exp and log from additions, multiplications and divisions only, which IEEE 754 fixes to the last bit: the
 * specification lets Math.exp and Math.log differ between engines, and a bill must not. Relative error below 1e-14.
 */

const ln2High = 0.69314718036912381649
const ln2Low = 1.90821492927058770002e-10
const log2E = 1.4426950408889634
const sqrtHalf = 0.7071067811865476

/** 2^k for k in −1100…1023: exact by repeated doubling and halving. */
const powersOfTwo = (() => {
  const table = new Float64Array(2124)
  table[1100] = 1
  for (let k = 1; k <= 1023; k += 1) table[1100 + k] = (table[1099 + k] ?? 0) * 2
  for (let k = -1; k >= -1100; k -= 1) table[1100 + k] = (table[1101 + k] ?? 0) / 2
  return table
})()

/** e^x; 0 below −745, Infinity above 709. */
export function exp(x: number): number {
  if (x < -745) return 0
  if (x > 709) return Infinity
  const k = Math.floor(x * log2E + 0.5)
  const r = x - k * ln2High - k * ln2Low
  // Taylor to r^13, |r| ≤ 0.3466.
  let sum = 1 + r / 13
  for (let n = 12; n >= 1; n -= 1) sum = 1 + (sum * r) / n
  return sum * (powersOfTwo[1100 + k] ?? 0)
}

/** 1/21, 1/19 … 1. */
const oddInverses = Float64Array.from({ length: 11 }, (_, place) => 1 / (21 - 2 * place))

const view = new DataView(new ArrayBuffer(8))

/** Natural logarithm; −Infinity at 0 and below, where it has no value to compare. */
export function log(x: number): number {
  if (!(x > 0)) return -Infinity
  let value = x
  let exponent = 0
  if (value < 2.3e-308) {
    value *= 18014398509481984
    exponent = -54
  }
  view.setFloat64(0, value)
  const high = view.getUint32(0)
  exponent += (high >>> 20) - 1022
  view.setUint32(0, (high & 0x000fffff) | (1022 << 20))
  let mantissa = view.getFloat64(0)
  if (mantissa < sqrtHalf) {
    mantissa *= 2
    exponent -= 1
  }
  const s = (mantissa - 1) / (mantissa + 1)
  const s2 = s * s
  let sum = 0
  for (let place = 0; place < 11; place += 1) sum = sum * s2 + (oddInverses[place] as number)
  return exponent * ln2High + (2 * s * sum + exponent * ln2Low)
}

/** log(e^a + e^b) without overflow. */
export function logAdd(a: number, b: number): number {
  const high = a > b ? a : b
  const low = a > b ? b : a
  if (low === -Infinity) return high
  return high + log(1 + exp(low - high))
}

const logSqrtTwoPi = 0.9189385332046727

/** Log density of N(mean, variance) at x. */
export function logNormal(x: number, mean: number, variance: number): number {
  const z = x - mean
  return -0.5 * ((z * z) / variance + log(variance)) - logSqrtTwoPi
}

/** Rounds to a multiple of 10^−digits, half away from zero. */
export function roundTo(value: number, digits: number): number {
  const scale = 10 ** digits
  return (Math.sign(value) * Math.round(Math.abs(value) * scale)) / scale || 0
}
