import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ChainedRow, followChain, hashAuditRow, startOfChain } from '#server/audit/chain.ts'

const chainId = 'chain'

function makeChain(details: readonly unknown[]): ChainedRow[] {
  let { hash: prevHash } = startOfChain(chainId)
  return details.map((detail, index) => {
    const content = {
      auditId: `row-${index + 1}`,
      atMs: 1_000 + index,
      accountId: index % 3 === 0 ? null : 'somebody',
      action: 'thing.changed',
      subjectId: 'thing-1',
      why: null,
      before: null,
      after: null,
      detail,
      chainId,
      seq: index + 1,
      prevHash,
    }
    const row = { ...content, hash: hashAuditRow(content) }
    prevHash = row.hash
    return row
  })
}

const details = fc.array(fc.jsonValue({ maxDepth: 2 }), { minLength: 1, maxLength: 20 })
const follow = (rows: readonly ChainedRow[]) => followChain(startOfChain(chainId), rows)

describe('a chain of audit rows', () => {
  it('is whole as it was made, however it is cut into pages', () => {
    fc.assert(
      fc.property(details, fc.nat(20), (all, cut) => {
        const rows = makeChain(all)
        const first = follow(rows.slice(0, cut))
        expect('problem' in first).toBe(false)
        if ('problem' in first) return
        expect(followChain(first, rows.slice(cut))).toEqual({ seq: rows.length, hash: rows.at(-1)?.hash })
      }),
    )
  })

  it('says which row was taken out, except at its end, which the head knows', () => {
    fc.assert(
      fc.property(details, fc.nat(), (all, pick) => {
        const rows = makeChain([...all, 'last'])
        const gone = pick % (rows.length - 1)
        expect(follow(rows.toSpliced(gone, 1))).toMatchObject({ seq: gone + 1, problem: 'the row is missing' })
      }),
    )
  })

  it.each([
    ['atMs', 7],
    ['accountId', 'somebody else'],
    ['action', 'thing.removed'],
    ['subjectId', 'thing-2'],
    ['why', 'because'],
    ['before', {}],
    ['after', {}],
    ['detail', { amountFen: 1 }],
    ['auditId', 'row-9'],
  ])('says which row had its %s changed', (column, value) => {
    const rows = makeChain(['a', 'b', 'c']).map((row) => (row.seq === 2 ? { ...row, [column]: value } : row))

    expect(follow(rows)).toMatchObject({ seq: 2, problem: 'the row was changed' })
  })

  it('is broken by a row that was changed together with its hash, at the row behind it', () => {
    const rows = makeChain(['a', 'b', 'c'])
    const forged = rows.map((row) => (row.seq === 2 ? { ...row, detail: 'x', hash: '' } : row))
    const rehashed = forged.map((row) => (row.seq === 2 ? { ...row, hash: hashAuditRow(row) } : row))

    expect(follow(rehashed)).toMatchObject({ seq: 3, problem: 'the row does not continue the one before it' })
  })
})
