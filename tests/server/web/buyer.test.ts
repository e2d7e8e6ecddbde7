import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCabinetCode } from '#server/web/buyer/session/cabinet-code.ts'
import { askFirstShelf } from '#server/web/buyer/session/first-shelf.ts'
import { allParts, foldParts, payeeKinds, sharesOf } from '#server/web/common/receipt-split.ts'
import { safeNext } from '#server/web/common/account/safe-next.ts'
import type { Call } from '#server/web/common/http/call.ts'
import { drawingOf } from '#server/web/common/drawings/goods-name.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { demoSkus } from '#server/demo/data/goods.ts'

describe('a cabinet’s code', () => {
  it.each([
    ['YB-0001', 'YB-0001'],
    ['https://example.org/c/YB-0123', 'YB-0123'],
    ['http://10.0.0.1:8080/c/yb-0123?lang=en', 'YB-0123'],
    [' yb 7 ', 'YB-0007'],
    ['ＹＢ－０００１', 'YB-0001'],
    ['yb0042', 'YB-0042'],
  ])('is read from %s', (text, code) => {
    expect(readCabinetCode(text)).toBe(code)
  })

  it.each(['', '0001', 'https://example.org/', 'YB-', 'hello', 'https://example.org/c/YB-00x1'])(
    'is not read from %j',
    (text) => {
      expect(readCabinetCode(text)).toBeUndefined()
    },
  )
})

describe('the shelf that is asked for before there is a page', () => {
  const shelf = { code: 'YB-0001' }
  const at = (pathname: string) => {
    const clock = new TestClock()
    const asked: unknown[] = []
    const call = ((_route: unknown, { params }: { params: unknown }) => {
      asked.push(params)
      return Promise.resolve(shelf)
    }) as unknown as Call
    return { clock, asked, first: askFirstShelf({ call, clock, window: { location: { pathname } } as Window }) }
  }

  it('answers whoever asks for the scanned code first', async () => {
    const { first, asked } = at('/c/YB-0001')

    expect(await first.take('YB-0001')).toBe(shelf)
    expect(first.take('YB-0001')).toBeUndefined()
    expect(asked).toEqual([{ code: 'YB-0001' }])
  })

  it('answers nobody later, or about another cabinet', () => {
    const late = at('/c/YB-0001')
    late.clock.advance(5_000)

    expect(late.first.take('YB-0001')).toBeUndefined()
    expect(at('/c/YB-0001').first.take('YB-0002')).toBeUndefined()
  })

  it('is not asked for where no code was scanned', async () => {
    const { first, asked } = at('/history')

    await first.settled

    expect(asked).toEqual([])
  })
})

const part = fc.record({
  payeeKind: fc.constantFrom(...payeeKinds),
  payeeName: fc.constant('王**'),
  amountFen: fc.integer({ min: -500, max: 5_000 }),
  why: fc.constant(''),
})
const sum = (amounts: readonly { readonly amountFen: number }[]) =>
  amounts.reduce((total, { amountFen }) => total + amountFen, 0)

describe('where the fen of a receipt went', () => {
  it('is gathered by kind without losing a fen', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        expect(sum(sharesOf(parts))).toBe(sum(parts))
      }),
    )
  })

  it('is folded without losing a fen or another payee than a household', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), fc.integer({ min: 0, max: 10 }), (parts, most) => {
        const folded = foldParts(parts, most)

        expect(sum(folded.shown) + folded.foldedFen).toBe(sum(parts))
        expect(folded.shown.filter(({ payeeKind }) => payeeKind === 'household').length).toBeLessThanOrEqual(most)
        expect(folded.shown.length + folded.foldedCount).toBe(parts.filter(({ amountFen }) => amountFen !== 0).length)
      }),
    )
  })

  it('comes from every line', () => {
    const line = { parts: [{ payeeKind: 'fund', payeeName: '', amountFen: 3, why: '' }] }
    const receipt = { lines: [line, line] } as unknown as Parameters<typeof allParts>[0]

    expect(sum(allParts(receipt))).toBe(6)
  })
})

describe('the way on after signing in', () => {
  it.each(['/c/YB-0001', '/', '/s/1?x=2'])('leads to %s', (path) => {
    expect(safeNext(path)).toBe(path)
  })

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', undefined, ['/a']])(
    'never leads to %j',
    (path) => {
      expect(safeNext(path)).toBe('/')
    },
  )
})

describe('drawings', () => {
  it('show every SKU of the demo as itself', () => {
    const drawings = demoSkus.map(({ name }) => drawingOf(name))

    expect(drawings).not.toContain('box')
    expect(new Set(drawings).size).toBeGreaterThan(15)
  })
})
