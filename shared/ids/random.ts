/** Randomness as the product sees it: handed in, so that tests and the simulation replay exactly. */
export interface Random {
  /** A uniform integer in [0, 2^32). */
  nextUint32(): number
}

/** The platform's cryptographic source. Made in composition roots only. */
export const systemRandom: Random = {
  nextUint32: () => globalThis.crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
}

/** sfc32 (PractRand's small fast counter generator), seeded through splitmix32. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const splitmix = () => {
    state = (state + 0x9e3779b9) | 0
    let t = state ^ (state >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    return (t ^ (t >>> 15)) >>> 0
  }
  let a = splitmix()
  let b = splitmix()
  let c = splitmix()
  let counter = 1
  const nextUint32 = () => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  for (let warmUp = 0; warmUp < 12; warmUp += 1) nextUint32()
  return { nextUint32 }
}

/** A uniform double in [0, 1) with 53 random bits. */
export function nextUnit(random: Random): number {
  return ((random.nextUint32() >>> 5) * 67108864 + (random.nextUint32() >>> 6)) / 9007199254740992
}

/** A uniform integer in [0, bound), bound in 1…2^32, without modulo bias. */
export function nextBelow(random: Random, bound: number): number {
  const limit = 4294967296 - (4294967296 % bound)
  for (;;) {
    const value = random.nextUint32()
    if (value < limit) return value % bound
  }
}

/** A standard normal deviate (Marsaglia polar method). */
export function nextGaussian(random: Random): number {
  for (;;) {
    const u = 2 * nextUnit(random) - 1
    const v = 2 * nextUnit(random) - 1
    const s = u * u + v * v
    if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s)
  }
}
