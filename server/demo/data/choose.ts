import { nextBelow, nextUnit, type Random } from '#shared/ids/random.ts'

/** One of the items, evenly. */
export function chooseOne<T>(random: Random, items: readonly T[]): T {
  const item = items[nextBelow(random, items.length)]
  if (item === undefined) throw new RangeError('there is nothing to choose from')
  return item
}

/** `count` different items in random order (Fisher–Yates, stopped early). */
export function chooseSome<T>(random: Random, items: readonly T[], count: number): T[] {
  if (count > items.length) throw new RangeError(`cannot choose ${count} of ${items.length}`)
  const left = [...items]
  const chosen: T[] = []
  while (chosen.length < count) chosen.push(...left.splice(nextBelow(random, left.length), 1))
  return chosen
}

/** An integer in [low, high], both included. */
export function chooseBetween(random: Random, low: number, high: number): number {
  return low + nextBelow(random, high - low + 1)
}

/** True with this probability. */
export function chooseWhether(random: Random, probability: number): boolean {
  return nextUnit(random) < probability
}
