import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { beginTrial, isLinkChanged, isProven, trialLeftMs, trialMs } from '#cabinet-agent/twin/link-trial.ts'
import { CabinetConfig } from '#shared/contracts/mqtt/twin.ts'

const config = (change: Partial<CabinetConfig> = {}) => CabinetConfig.parse(change)

describe('the trial of a changed link', () => {
  it('begins with what can cut the cabinet off, and with nothing else', () => {
    expect(isLinkChanged(config(), config({ mqttUrl: 'mqtt://127.0.0.1:9' }))).toBe(true)
    expect(isLinkChanged(config(), config({ heartbeatIntervalMs: 10_000 }))).toBe(true)
    expect(isLinkChanged(config(), config({ settleTimeoutMs: 9_000 }))).toBe(false)
  })

  it('falls back to what last carried the server’s word, over any number of changes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 5_000, max: 600_000 }), { minLength: 1, maxLength: 9 }), (heartbeats) => {
        const first = config()
        let before = first
        let trial: ReturnType<typeof beginTrial> | undefined
        for (const [index, heartbeatIntervalMs] of heartbeats.entries()) {
          trial = beginTrial(before, trial, { desiredVersion: index, seq: index + 1, atMs: index })
          before = config({ heartbeatIntervalMs })
        }

        expect(trial?.previousConfig).toEqual(first)
      }),
    )
  })

  it('is proven by the ack of its own entry, not of an earlier one, and never lasts longer than its time', () => {
    const trial = beginTrial(config(), undefined, { desiredVersion: 2, seq: 7, atMs: 1_000 })

    expect([isProven(trial, 6), isProven(trial, 7)]).toEqual([false, true])
    expect([trialLeftMs(trial, 1_000), trialLeftMs(trial, 999_999)]).toEqual([trialMs, 0])
    // The clock was set back by years.
    expect(trialLeftMs(trial, -1e12)).toBe(trialMs)
  })
})
