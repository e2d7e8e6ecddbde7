// When somebody is told what, without a database.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AlertKind } from '#shared/contracts/http/alerts.ts'
import {
  clearAfterMs,
  planMoves,
  recipientsOf,
  retryPauseMs,
  rulesInForce,
  shippedRules,
  tellableAtMs,
  type Condition,
  type OpenAlert,
} from '#server/alerts/rules.ts'

const minuteMs = 60_000
/** Noon in the district. */
const noonMs = Date.UTC(2026, 10, 27, 4)
const rules = rulesInForce([])
const offline: Condition = { kind: 'cabinet_offline', subjectId: 'c1', cabinetId: 'c1', facts: {} }
const alert = (values: Partial<OpenAlert> = {}): OpenAlert => ({
  alertId: 'a1',
  kind: 'cabinet_offline',
  subjectId: 'c1',
  sinceMs: noonMs,
  raisedAtMs: null,
  level: 0,
  toldAtMs: null,
  acknowledgedAtMs: null,
  goneSinceMs: null,
  ...values,
})
const raised = (values: Partial<OpenAlert> = {}) => alert({ raisedAtMs: noonMs, toldAtMs: noonMs, level: 1, ...values })
const movesOf = (conditions: readonly Condition[], open: readonly OpenAlert[], nowMs: number) =>
  planMoves(rules, conditions, open, nowMs).map(({ move }) => move)

describe('a condition', () => {
  it('is seen first and raised when it has held for as long as the rule says', () => {
    expect(planMoves(rules, [offline], [], noonMs)).toMatchObject([{ move: 'see', isRaised: false, sinceMs: noonMs }])
    expect(movesOf([offline], [alert()], noonMs + 5 * minuteMs - 1)).toEqual([])
    expect(movesOf([offline], [alert()], noonMs + 5 * minuteMs)).toEqual(['raise'])
  })

  it('is raised at once when it is known to have held', () => {
    const since = { ...offline, sinceMs: noonMs - 5 * minuteMs }

    expect(planMoves(rules, [since], [], noonMs)).toMatchObject([{ move: 'see', isRaised: true }])
  })

  it('of a clock that runs ahead counts from now', () => {
    const since = { ...offline, sinceMs: noonMs + 86_400_000 }

    expect(planMoves(rules, [since], [], noonMs)).toMatchObject([{ move: 'see', isRaised: false, sinceMs: noonMs }])
  })

  it('that went before it was raised leaves nothing', () => {
    expect(movesOf([], [alert()], noonMs + minuteMs)).toEqual(['forget'])
  })

  it('that flickers stays one alert', () => {
    expect(movesOf([], [raised()], noonMs + minuteMs)).toEqual(['miss'])
    const missed = raised({ goneSinceMs: noonMs })
    expect(movesOf([], [missed], noonMs + clearAfterMs - 1)).toEqual([])
    expect(movesOf([offline], [missed], noonMs + clearAfterMs - 1)).toEqual(['return'])
    expect(movesOf([], [missed], noonMs + clearAfterMs)).toEqual(['clear'])
  })

  it('of a kind that is switched off ends', () => {
    const off = rulesInForce(rules.map((rule) => ({ ...rule, version: 1, isEnabled: false })))

    expect(planMoves(off, [offline], [raised()], noonMs).map(({ move }) => move)).toEqual(['miss'])
    expect(planMoves(off, [offline], [], noonMs)).toEqual([])
  })
})

describe('an alert nobody acknowledges', () => {
  it('goes to the next level, up to the highest', () => {
    const late = noonMs + 30 * minuteMs

    expect(movesOf([offline], [raised()], late - 1)).toEqual([])
    expect(planMoves(rules, [offline], [raised()], late)).toMatchObject([{ move: 'escalate', level: 2 }])
    expect(movesOf([offline], [raised({ level: 3 })], late)).toEqual([])
    expect(movesOf([offline], [raised({ acknowledgedAtMs: noonMs })], late)).toEqual([])
  })
})

describe('looks one after another', () => {
  it('keep at most one open alert a subject, and raise nothing that did not hold long enough', () => {
    const look = fc.record({ holds: fc.boolean(), pauseMs: fc.integer({ min: 1, max: 4 * minuteMs }) })
    fc.assert(
      fc.property(fc.array(look, { maxLength: 60 }), (looks) => {
        let open: OpenAlert[] = []
        const heldForMs: number[] = []
        let [nowMs, heldSinceMs] = [noonMs, Number.POSITIVE_INFINITY]
        for (const { holds, pauseMs } of looks) {
          nowMs += pauseMs
          heldSinceMs = holds ? Math.min(heldSinceMs, nowMs) : Number.POSITIVE_INFINITY
          const moves = planMoves(rules, holds ? [offline] : [], open, nowMs)
          for (const one of moves) {
            if (one.move === 'raise') heldForMs.push(nowMs - heldSinceMs)
            open = applied(open, one.move, nowMs)
          }
          expect(open.length).toBeLessThanOrEqual(1)
        }
        expect(heldForMs.every((ms) => ms >= 5 * minuteMs)).toBe(true)
      }),
    )
  })

  function applied(open: OpenAlert[], move: string, nowMs: number): OpenAlert[] {
    if (move === 'see') return [...open, alert({ sinceMs: nowMs })]
    if (move === 'forget' || move === 'clear') return []
    const change = {
      raise: { raisedAtMs: nowMs, toldAtMs: nowMs, level: 1 },
      escalate: { toldAtMs: nowMs, level: (open[0]?.level ?? 0) + 1 },
      miss: { goneSinceMs: nowMs },
      return: { goneSinceMs: null },
    }[move]
    return open.map((one) => ({ ...one, ...change }))
  }
})

describe('quiet hours', () => {
  const night = { recipientId: 'r', kinds: [], level: 1, quietFromMinute: 22 * 60, quietToMinute: 7 * 60 }
  const at = (hour: number) => Date.UTC(2026, 10, 27, hour - 8)

  it('put off what is not critical, over midnight too', () => {
    expect(tellableAtMs(night, 'warning', at(23))).toBe(at(24 + 7))
    expect(tellableAtMs(night, 'warning', at(6))).toBe(at(7))
    expect(tellableAtMs(night, 'warning', at(12))).toBe(at(12))
    expect(tellableAtMs(night, 'critical', at(23))).toBe(at(23))
  })

  it('never put off by more than a day, nor into themselves', () => {
    const minute = fc.integer({ min: 0, max: 1_439 })
    fc.assert(
      fc.property(minute, minute, fc.integer({ min: 0, max: 2 * 86_400_000 }), (from, to, offset) => {
        const one = { ...night, quietFromMinute: from, quietToMinute: to }
        const nowMs = noonMs + offset
        const atMs = tellableAtMs(one, 'notice', nowMs)

        expect(atMs - nowMs).toBeGreaterThanOrEqual(0)
        expect(atMs - nowMs).toBeLessThan(86_400_000)
        expect(tellableAtMs(one, 'notice', atMs)).toBe(atMs)
      }),
    )
  })
})

describe('rules and recipients', () => {
  it('are shipped for every kind, and the newest version holds', () => {
    expect(shippedRules.map(({ kind }) => kind).toSorted()).toEqual(AlertKind.options.toSorted())
    const changed = shippedRules.map((rule) => ({ ...rule, version: 2, threshold: 9 }))
    const earlier = changed.map((rule) => ({ ...rule, version: 1 }))

    expect(rulesInForce([...changed, ...earlier]).every(({ version }) => version === 2)).toBe(true)
  })

  it('a recipient without kinds is told of all at its level', () => {
    const all = { recipientId: 'all', kinds: [], level: 1, quietFromMinute: 0, quietToMinute: 0 }
    const some = { ...all, recipientId: 'some', kinds: ['expiry' as const] }
    const chief = { ...all, recipientId: 'chief', level: 2 }

    expect(recipientsOf([all, some, chief], 'expiry', 1)).toEqual([all, some])
    expect(recipientsOf([all, some, chief], 'disk_full', 1)).toEqual([all])
    expect(recipientsOf([all, some, chief], 'disk_full', 2)).toEqual([chief])
  })

  it('a message is tried again after ten seconds, at most after an hour', () => {
    expect([1, 2, 3, 20].map(retryPauseMs)).toEqual([10_000, 20_000, 40_000, 3_600_000])
  })
})
