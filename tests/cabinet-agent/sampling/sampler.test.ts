import { describe, expect, it } from 'vitest'
import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import type { Scale } from '#firmware-bridge/ports/devices.ts'
import { startSampler, type Pass } from '#cabinet-agent/sampling/sampler.ts'
import { TestClock } from '../../support/test-clock.ts'

const laneCount = 12
const periodMs = 100
const silenceMs = 1_500

/** One line that serves requests one after another; a silent scale holds it up only until its time is over. */
function makeLine(clock: TestClock, exchangeMs: () => number, silent: ReadonlySet<string> = new Set()) {
  const queue: Array<() => void> = []
  let isBusy = false
  const serveNext = () => {
    const next = queue.shift()
    isBusy = next !== undefined
    next?.()
  }
  const weigh = (laneId: string, grossMg: number) =>
    new Promise<Awaited<ReturnType<Scale['weigh']>>>((resolve, reject) => {
      if (silent.has(laneId)) {
        clock.setTimer(silenceMs, () => reject(new DeviceError('TIMEOUT_NO_REPLY', laneId)))
        return
      }
      queue.push(() =>
        clock.setTimer(exchangeMs(), () => {
          resolve({ grossMg, netMg: grossMg, isStable: true })
          serveNext()
        }),
      )
      if (!isBusy) serveNext()
    })
  const lanes = Array.from({ length: laneCount }, (_, index) => `L${String(index + 1).padStart(2, '0')}`)
  return new Map<string, Scale>(
    lanes.map((laneId, index) => [
      laneId,
      { weigh: () => weigh(laneId, (index + 1) * 1_000), zero: () => Promise.resolve() },
    ]),
  )
}

async function sample(clock: TestClock, scales: ReadonlyMap<string, Scale>, forMs: number) {
  const passes: Pass[] = []
  const sampler = startSampler({ scales, clock, periodMs, onPass: (pass) => passes.push(pass) })
  await clock.advanceAsync(forMs)
  return { sampler, passes }
}

const isWhole = ({ massesMg }: Pass) => massesMg.every((massMg) => massMg !== null)

describe('the sampler', () => {
  it('looks at every scale once a period on a line that is quick enough', async () => {
    const clock = new TestClock()

    const { passes } = await sample(
      clock,
      makeLine(clock, () => 5),
      2_000,
    )

    expect(passes.length).toBeGreaterThanOrEqual(19)
    expect(passes.every(isWhole)).toBe(true)
  })

  it('looks less often, but whole, on a line that is too slow for the pace', async () => {
    const clock = new TestClock()

    const { sampler, passes } = await sample(
      clock,
      makeLine(clock, () => 30),
      10_000,
    )

    expect([...sampler.faults()]).toEqual([])
    const later = passes.filter(({ monotonicMs }) => monotonicMs > 3_000)
    expect(later.length).toBeGreaterThan(10)
    expect(later.filter(isWhole).length / later.length).toBeGreaterThan(0.9)
  })

  it('goes back to its pace when the line is quick again', async () => {
    const clock = new TestClock()
    const scales = makeLine(clock, () => (clock.monotonicMs() < 5_000 ? 30 : 5))

    const { passes } = await sample(clock, scales, 10_000)

    const later = passes.filter(({ monotonicMs }) => monotonicMs > 7_000)
    expect(later.length).toBeGreaterThanOrEqual(28)
    expect(later.every(isWhole)).toBe(true)
  })

  it('does not wait for a silent scale, and says which it is', async () => {
    const clock = new TestClock()

    const { sampler, passes } = await sample(
      clock,
      makeLine(clock, () => 5, new Set(['L03'])),
      5_000,
    )

    expect([...sampler.faults()]).toEqual([['L03', 'TIMEOUT_NO_REPLY']])
    expect(passes.length).toBeGreaterThan(40)
    expect(passes.every(({ massesMg }) => massesMg.filter((massMg) => massMg === null).length === 1)).toBe(true)
  })
})
