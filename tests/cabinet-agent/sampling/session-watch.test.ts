import { describe, expect, it } from 'vitest'
import { SessionWatch } from '#cabinet-agent/sampling/session-watch.ts'
import type { SessionInput } from '#cabinet-agent/session/session-input.ts'
import type { Authorised, Closing, Open } from '#cabinet-agent/session/session-state.ts'
import { makeFacts, makeTestId } from '#tests/support/session-inputs.ts'
import { priceFen, makeTwin, unitMg } from '#tests/support/agent-world.ts'
import { TestClock } from '#tests/support/test-clock.ts'

const periodMs = 100

/** A watch over one lane, whose machine takes nothing up: its disk is full. */
function startWatch() {
  const clock = new TestClock()
  const skuId = makeTestId()
  const { planogram, prices, config } = makeTwin(1, [skuId])
  const record = {
    laneId: 'L01',
    skuId,
    count: 8,
    grossMg: 8 * unitMg,
    unitMassMg: unitMg,
    unitMassSdMg: 3_000,
    samples: 8,
    foreignMassesMg: [],
    isCountDoubtful: false,
  }
  const inputs: SessionInput[] = []
  const watch = new SessionWatch({
    laneIds: ['L01'],
    sheet: { divisionMg: 100, samplePeriodMs: periodMs, scaleSdMg: 200 },
    clock,
    shelf: () => ({
      planogram,
      prices,
      records: new Map([['L01', record]]),
      dryingRates: new Map(),
      settleConfidence: config.settleConfidence,
      unverifiedLaneIds: new Set(),
      blindLaneIds: new Set(),
    }),
    onInput: (input) => inputs.push(input),
    onFault: (error) => expect.unreachable(String(error)),
  })
  const { timeouts, versions } = makeFacts()
  const ids = { sessionId: makeTestId(), commandId: makeTestId() }
  const core = { ...ids, kind: 'sale' as const, expiresAtMs: clock.now() + 30_000, timeouts, versions, loads: [] }
  return { clock, watch, inputs, core, weigh: (massMg: number, forMs: number) => weigh(clock, watch, massMg, forMs) }
}

function weigh(clock: TestClock, watch: SessionWatch, massMg: number, forMs: number): void {
  for (let passedMs = 0; passedMs < forMs; passedMs += periodMs) {
    // The last digit moves, as on any scale.
    const digitMg = 100 * ((passedMs / periodMs) % 2)
    watch.push({ monotonicMs: clock.monotonicMs(), massesMg: [massMg + digitMg] })
    clock.advance(periodMs)
  }
}

describe('what follows the weights of a session', () => {
  it('decides once, however late the machine takes it up', () => {
    const { clock, watch, inputs, core, weigh: weighFor } = startWatch()
    const authorised: Authorised = { name: 'authorised', core }
    watch.takeOpening(authorised)
    weighFor(8 * unitMg, 3_000)
    const ready = inputs.find((input) => input.input === 'opening-ready')
    const since = { opening: ready?.opening ?? [], openedAtMs: clock.now(), misplaced: [], isResumed: false }
    const open: Open = { ...since, name: 'open', core, warning: 'none', isDoorUnknown: false }
    watch.watchOpen(open)
    weighFor(8 * unitMg, 1_000)
    weighFor(7 * unitMg, 2_000)
    const closing: Closing = { ...since, name: 'closing', core, isDoorUnknown: false, isOverdue: false }
    watch.watchSettling(closing)
    weighFor(7 * unitMg, 60_000)
    watch.decideNow({ ...closing, isOverdue: true })

    const decided = inputs.filter((input) => input.input === 'decided')
    expect(decided).toHaveLength(1)
    expect(decided[0]?.decision).toMatchObject({ outcome: 'settled', lines: [{ count: 1, shownPriceFen: priceFen }] })
    expect(watch.live(false)).toMatchObject({ stage: 'closing', totalFen: priceFen })
  })
})
