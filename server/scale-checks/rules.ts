// How far a scale in use may be off (OIML R 76-1, 3.5: maximum permissible errors by class and load, in service twice those of
// verification), and what a check with check weights says by that. Pure; masses in mg.
import type { AccuracyClass, CheckedLoad } from '#shared/contracts/http/scale-checks.ts'

export interface ScaleData {
  readonly accuracyClass: AccuracyClass
  /** Verification scale interval e. */
  readonly intervalMg: number
}

/** Up to so many intervals of load, the error in service may be 1, 2 and 3 intervals; beyond the last there is no such scale. */
const steps: Readonly<Record<AccuracyClass, readonly [number, number, number]>> = {
  III: [500, 2_000, 10_000],
  IIII: [50, 200, 1_000],
}

/** Undefined: a scale of this class and interval weighs no such load. */
export function permissibleErrorMg({ accuracyClass, intervalMg }: ScaleData, loadMg: number): number | undefined {
  const step = steps[accuracyClass].findIndex((intervals) => loadMg <= intervals * intervalMg)
  return step < 0 ? undefined : (step + 1) * intervalMg
}

export interface ReadLoad {
  readonly nominalMg: number
  readonly shownMg: number
}

/** Each load with its limit. The index of a load the scale is not made for instead, when there is one. */
export function judgeLoads(scale: ScaleData, loads: readonly ReadLoad[]): CheckedLoad[] | { readonly beyond: number } {
  const judged: CheckedLoad[] = []
  for (const [index, { nominalMg, shownMg }] of loads.entries()) {
    const limitMg = permissibleErrorMg(scale, nominalMg)
    if (limitMg === undefined) return { beyond: index }
    judged.push({ nominalMg, shownMg, limitMg, isGood: Math.abs(shownMg - nominalMg) <= limitMg })
  }
  return judged
}

/** A check says something when the empty lane and a weight on it were both looked at. */
export function isTelling(loads: readonly ReadLoad[]): boolean {
  return loads.some(({ nominalMg }) => nominalMg === 0) && loads.some(({ nominalMg }) => nominalMg > 0)
}
