import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareDay, compareThreeWays } from '#server/reconciliation/rules.ts'
import type { Movement } from '#server/reconciliation/rules.ts'

const day = '2026-02-28'
const move = (reference: string, amountFen: number, on = day): Movement => ({ reference, day: on, amountFen })

describe('a day beside the books', () => {
  it('agrees when every reference has the same amount on both sides', () => {
    const both = [move('a', 100), move('b', 250)]

    expect(compareDay(day, both, both)).toEqual({ statementFen: 350, booksFen: 350, differenceFen: 0, differences: [] })
  })

  it('takes money that the statement shows a day later for the same money', () => {
    const found = compareDay(day, [move('late', 100, '2026-03-01')], [move('late', 100)])
    const next = compareDay('2026-03-01', [move('late', 100, '2026-03-01')], [move('late', 100)])

    expect(found).toEqual({ statementFen: 0, booksFen: 0, differenceFen: 0, differences: [] })
    expect(next).toMatchObject({ statementFen: 100, booksFen: 100, differences: [] })
  })

  it.each([
    ['nothing booked', [move('a', 100)], [], 'missing_in_books', ['not_booked_yet']],
    ['nothing stated', [], [move('a', 100)], 'missing_in_statement', ['statement_not_complete']],
    ['a fee kept', [move('a', 9_940)], [move('a', 10_000)], 'amount_differs', ['fee_deducted']],
    ['digits swapped', [move('a', 12_300)], [move('a', 13_200)], 'amount_differs', ['digits_swapped']],
    ['a point lost', [move('a', 12_345)], [move('a', 1_234_500)], 'amount_differs', ['decimal_point_lost']],
  ])('says what may be behind %s', (_what, statement, books, kind, causes) => {
    const [difference] = compareDay(day, statement, books).differences

    expect(difference).toMatchObject({ kind, causes })
  })

  it('sees the same amount under two references as one that was mistyped', () => {
    const { differences, differenceFen } = compareDay(day, [move('G-1', 500)], [move('G-I', 500)])

    expect(differenceFen).toBe(0)
    expect(differences.map(({ causes }) => causes[0])).toEqual(['reference_mistyped', 'reference_mistyped'])
  })

  it('never loses a fen: the differences come to the day’s difference, and days to the whole', async () => {
    const days = ['2026-02-27', day, '2026-03-01']
    const movement = fc.record({
      reference: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      day: fc.constantFrom(...days),
      amountFen: fc.integer({ min: -1_000_000, max: 1_000_000 }),
    })
    const side = fc.uniqueArray(movement, { selector: ({ reference }) => reference })
    const total = (list: readonly Movement[]) => list.reduce((sum, { amountFen }) => sum + amountFen, 0)
    fc.assert(
      fc.property(side, side, (statement, books) => {
        const found = days.map((on) => compareDay(on, statement, books))

        for (const { differences, differenceFen } of found)
          expect(differences.reduce((sum, it) => sum + it.statementFen - it.booksFen, 0)).toBe(differenceFen)
        expect(found.reduce((sum, { differenceFen }) => sum + differenceFen, 0)).toBe(total(statement) - total(books))
      }),
    )
  })
})

describe('a payout three ways', () => {
  const paid = { reference: 'S1', ledgerFen: -100, batchFen: -100, bankFen: -100, isInStatement: true }

  it('agrees when ledger, batch and bank do', () => {
    expect(compareThreeWays([paid, { ...paid, ledgerFen: 0, batchFen: 0, bankFen: 0, isInStatement: false }])).toEqual(
      [],
    )
  })

  it.each([
    [{ ...paid, ledgerFen: 0, batchFen: 0 }, ['return_file_missing']],
    [{ ...paid, bankFen: 0, isInStatement: false }, ['statement_not_complete', 'bank_did_not_pay']],
    [{ ...paid, ledgerFen: 0 }, ['own_books_disagree']],
    [{ ...paid, bankFen: -150 }, ['bank_took_more']],
    [{ ...paid, bankFen: -60 }, ['bank_took_less']],
    [{ ...paid, bankFen: -200 }, ['bank_took_more', 'paid_twice']],
    [{ ...paid, bankFen: -102 }, ['bank_took_more', 'fee_added']],
    [{ ...paid, bankFen: -99 }, ['bank_took_less', 'fee_deducted']],
    [{ ...paid, bankFen: -1_000 }, ['bank_took_more', 'decimal_point_lost']],
    [{ ...paid, ledgerFen: -120, batchFen: -120, bankFen: -210 }, ['bank_took_more', 'digits_swapped']],
  ])('says who stands alone in %j', (line, causes) => {
    expect(compareThreeWays([paid, line])).toMatchObject([{ reference: 'S1', causes }])
  })
})
