import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadCellProfiles, type LoadCellKind } from '#firmware-bridge/virtual/load-cell-profiles.ts'
import { createSessionDecoder } from '#cabinet-agent/weighing/decoder.ts'
import { everything } from '#tests/simulation/weighing/goods.ts'
import type { Situation } from '#tests/simulation/weighing/plan-session.ts'
import { decode, feed, recordSession } from '#tests/simulation/weighing/run-session.ts'

const situations: readonly Situation[] = [
  'plain',
  'bulk',
  'many',
  'return',
  'misplace',
  'foreign',
  'swap',
  'hand',
  'held',
  'bias',
]

const recordings = fc
  .record({
    seed: fc.nat(1_000_000),
    situation: fc.constantFrom(...situations),
    laneCount: fc.integer({ min: 2, max: 8 }),
    profile: fc.constantFrom<LoadCellKind>('good', 'typical', 'bad'),
  })
  .map(({ seed, situation, laneCount, profile }) =>
    recordSession(seed, { situation, laneCount, kinds: everything }, loadCellProfiles[profile]),
  )

describe('any session', () => {
  it('sells no more than lay there, and its lines add up to its total', () => {
    fc.assert(
      fc.property(recordings, (recording) => {
        const bill = decode(recording)

        for (const lines of [bill.lines, bill.lowestLines, ...bill.evidence.hypotheses.map((other) => other.lines)]) {
          for (const line of lines) {
            const stock = recording.setup.lanes.find(({ laneId }) => laneId === line.laneId)?.stock
            expect(line.count ?? 0).toBeLessThanOrEqual(stock?.count ?? 0)
            expect(line.massMg ?? 0).toBeLessThanOrEqual((stock?.grossMg ?? 0) + 100_000)
            expect(line.amountFen).toBeGreaterThanOrEqual(0)
            expect(Number.isSafeInteger(line.amountFen)).toBe(true)
          }
        }
        expect(bill.totalFen).toBe(bill.lines.reduce((sum, { amountFen }) => sum + amountFen, 0))
        const probability = bill.evidence.hypotheses.reduce((sum, other) => sum + other.probability, 0)
        expect(probability).toBeLessThanOrEqual(1 + 1e-5)
        expect(bill.reviewReason === undefined).toBe(bill.outcome === 'settled')
      }),
      { numRuns: 120, seed: 1 },
    )
  })

  it('is billed the same, byte for byte, however often and wherever it is asked', () => {
    fc.assert(
      fc.property(recordings, (recording) => {
        const decoder = createSessionDecoder(recording.setup)
        const unseen: number[] = []
        for (const [index, event] of recording.events.entries()) {
          feed(decoder, [event])
          // Looking must not change what is seen.
          if (index % 40 === 0) {
            const { misplacements } = decoder.liveCart()
            if (misplacements.length > 0 && !decoder.hasRisen()) unseen.push(index)
            decoder.currentPlateaus()
            decoder.settling()
          }
        }

        const bill = JSON.stringify(decoder.decide())

        expect(JSON.stringify(decoder.decide())).toBe(bill)
        expect(JSON.stringify(decode(recording))).toBe(bill)
        expect(unseen).toEqual([])
      }),
      { numRuns: 40, seed: 2 },
    )
  })

  it('does not depend on the order of lanes that do not touch', () => {
    const untouching = fc
      .record({ seed: fc.nat(1_000_000), situation: fc.constantFrom(...situations) })
      .map(({ seed, situation }) =>
        recordSession(seed, { situation, laneCount: 6, kinds: everything }, loadCellProfiles.good),
      )
    fc.assert(
      fc.property(untouching, ({ setup, events }) => {
        const decoder = createSessionDecoder({ ...setup, lanes: setup.lanes.toReversed() })
        for (const event of events) {
          if ('state' in event) decoder.door(event)
          else decoder.push({ atMs: event.atMs, massesMg: event.massesMg.toReversed() })
        }

        const turned = decoder.decide()

        const straight = createSessionDecoder(setup)
        feed(straight, events)
        const bill = straight.decide()
        expect(turned.outcome).toBe(bill.outcome)
        const isSettled = bill.outcome === 'settled'
        expect(isSettled ? turned.lines.toReversed() : []).toEqual(isSettled ? bill.lines : [])
      }),
      { numRuns: 60, seed: 3 },
    )
  })

  it('never turns a fault into a bill: without its last lane it is reviewed', () => {
    fc.assert(
      fc.property(recordings, ({ setup, events, plan }) => {
        const decoder = createSessionDecoder(setup)
        for (const event of events) {
          if ('state' in event) decoder.door(event)
          else {
            const massesMg = event.massesMg.map((massMg, lane) =>
              lane === event.massesMg.length - 1 && event.atMs > plan.openMs ? null : massMg,
            )
            decoder.push({ ...event, massesMg })
          }
        }

        const bill = decoder.decide()

        expect(bill.outcome).toBe('review')
        expect(bill.lowestLines.every(({ laneId }) => laneId !== setup.lanes.at(-1)?.laneId)).toBe(true)
      }),
      { numRuns: 40, seed: 4 },
    )
  })
})
