import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { moveInGrid } from '#server/web/admin/overview/move-in-grid.ts'

const keys = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown']
const grids = fc
  .record({ columns: fc.integer({ min: 1, max: 50 }), count: fc.integer({ min: 1, max: 1_000 }) })
  .chain((grid) => fc.record({ ...constants(grid), at: fc.integer({ min: 0, max: grid.count - 1 }) }))

function constants(grid: { columns: number; count: number }) {
  return { columns: fc.constant(grid.columns), count: fc.constant(grid.count) }
}

describe('keys in a grid', () => {
  it('never lead out of it', () => {
    fc.assert(
      fc.property(grids, fc.constantFrom(...keys), (grid, key) => {
        const to = moveInGrid(key, grid) ?? -1

        expect(to).toBeGreaterThanOrEqual(0)
        expect(to).toBeLessThan(grid.count)
      }),
    )
  })

  it('up and down stay in the column, left and right in the row', () => {
    fc.assert(
      fc.property(grids, (grid) => {
        for (const key of ['ArrowUp', 'ArrowDown', 'PageUp', 'PageDown'])
          expect((moveInGrid(key, grid) ?? -1) % grid.columns).toBe(grid.at % grid.columns)
        for (const key of ['ArrowLeft', 'ArrowRight'])
          expect(Math.floor((moveInGrid(key, grid) ?? -1) / grid.columns)).toBe(Math.floor(grid.at / grid.columns))
      }),
    )
  })

  it('that move nothing are left to the browser', () => {
    expect(moveInGrid('Tab', { at: 0, columns: 3, count: 9 })).toBeUndefined()
    expect(moveInGrid('ArrowDown', { at: 0, columns: 3, count: 0 })).toBeUndefined()
  })
})
