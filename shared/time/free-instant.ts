// What takes the place of something that begins at the same instant begins a millisecond after it: both stay on record, the later one
// holds.

/** The first instant from `fromMs` on that is not taken; `takenMs` in ascending order. */
export function firstFreeInstant(fromMs: number, takenMs: readonly number[]): number {
  return takenMs.reduce((free, taken) => (taken === free ? free + 1 : free), fromMs)
}
