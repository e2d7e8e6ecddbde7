// What comes after a write-off goes back to whoever lost by it: all of it, to nobody more than was lost, payees first.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { giveBack, inOrderOfParts, isBorne, partOf } from '#server/write-offs/rules.ts'
import type { Loss } from '#server/write-offs/rules.ts'

const fen = fc.integer({ min: 0, max: 1_000_000_000 })
const losses = fc.array(fc.record({ takenFen: fen, borneFen: fen }), { minLength: 1, maxLength: 12 }).map((parts) =>
  inOrderOfParts(
    parts.flatMap(({ takenFen, borneFen }, part): Loss[] => [
      { leg: `${part}.borne`, accountId: 'writeoff:sales-borne', leftFen: borneFen },
      { leg: String(part), accountId: `household:${part}`, leftFen: takenFen },
    ]),
  ),
)
const totalOf = (all: readonly Loss[]) => all.reduce((sum, { leftFen }) => sum + leftFen, 0)

/** What is left of the losses after the amounts came, one after the other. */
function receive(all: readonly Loss[], amounts: readonly number[]): Loss[] {
  return amounts.reduce<Loss[]>(
    (left, amountFen) => {
      const given = new Map(
        giveBack(left, Math.min(amountFen, totalOf(left))).map(({ loss, fen: is }) => [loss.leg, is]),
      )
      return left.map((loss) => ({ ...loss, leftFen: loss.leftFen - (given.get(loss.leg) ?? 0) }))
    },
    [...all],
  )
}

describe('what comes after a write-off', () => {
  it('goes back whole, to nobody more than was lost', () => {
    fc.assert(
      fc.property(losses, fc.double({ min: 0, max: 1, noNaN: true }), (all, part) => {
        const amountFen = Math.floor(totalOf(all) * part)

        const givings = giveBack(all, amountFen)

        expect(givings.reduce((sum, giving) => sum + giving.fen, 0)).toBe(amountFen)
        for (const { loss, fen: given } of givings) expect(given > 0 && given <= loss.leftFen).toBe(true)
      }),
    )
  })

  it('reaches the payee of a part before the account that bore the rest of it', () => {
    fc.assert(
      fc.property(losses, fc.double({ min: 0, max: 1, noNaN: true }), (all, part) => {
        const left = receive(all, [Math.floor(totalOf(all) * part)])

        const isWaiting = (loss: Loss) => !isBorne(loss.leg) && loss.leftFen > 0
        const waiting = new Set(left.filter(isWaiting).map(({ leg }) => partOf(leg)))
        const borneOf = (some: readonly Loss[]) =>
          some.filter(({ leg }) => isBorne(leg) && waiting.has(partOf(leg))).map(({ leftFen }) => leftFen)
        expect(borneOf(left)).toEqual(borneOf(all))
      }),
    )
  })

  it('leaves no loss when all has come, in whatever instalments', () => {
    fc.assert(
      fc.property(losses, fc.array(fen, { maxLength: 6 }), (all, amounts) => {
        const left = receive(all, [...amounts, totalOf(all)])

        expect(totalOf(left)).toBe(0)
        expect(left.every(({ leftFen }) => leftFen === 0)).toBe(true)
      }),
    )
  })
})
