import { describe, expect, it } from 'vitest'
import { fetchAllRows, writeCsvText } from '#server/web/admin/export-rows.ts'
import { CallError } from '#server/web/common/http/call-error.ts'
import { TestClock, turn } from '#tests/support/test-clock.ts'

/** A list of so many numbers, paged by their index. */
const numbers =
  (count: number) =>
  ({ cursor = '0', limit = 50 }: { cursor?: string; limit?: number }) => {
    const from = Number(cursor)
    const rows = Array.from({ length: Math.min(limit, count - from) }, (_, index) => from + index)
    const next = from + rows.length
    return Promise.resolve({ rows, ...(next < count ? { nextCursor: String(next) } : {}) })
  }

describe('a list as a file', () => {
  it('holds every row of every page, and says how far it is', async () => {
    const progress: number[] = []
    const signal = new AbortController().signal

    const rows = await fetchAllRows(numbers(450), {
      clock: new TestClock(),
      onProgress: (n) => progress.push(n),
      signal,
    })

    expect(rows).toEqual(Array.from({ length: 450 }, (_, index) => index))
    expect(progress).toEqual([200, 400, 450])
  })

  it('asks a busy server again after a pause, and tells any other refusal', async () => {
    const clock = new TestClock()
    const signal = new AbortController().signal
    const options = { clock, onProgress: () => {}, signal }
    let asked = 0
    const busyOnce = (page: { cursor?: string }) => {
      asked += 1
      return asked === 1 ? Promise.reject(new CallError('problem', 'http.429', 429)) : numbers(3)(page)
    }

    const fetched = fetchAllRows(busyOnce, options)
    await turn()
    clock.advance(3_000)
    const refused = fetchAllRows(() => Promise.reject(new CallError('problem', 'http.403', 403)), options)

    expect(await fetched).toEqual([0, 1, 2])
    await expect(refused).rejects.toMatchObject({ status: 403 })
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    const onProgress = () => stop.abort(new Error('enough'))

    const fetched = fetchAllRows(numbers(450), { clock: new TestClock(), onProgress, signal: stop.signal })

    await expect(fetched).rejects.toThrow('enough')
  })

  it('keeps commas and quotes, keeps numbers numbers, and runs no formula', () => {
    const columns = [
      { title: 'name', of: ({ name }: { name: string; fen: number }) => name },
      { title: 'yuan', of: ({ fen }: { name: string; fen: number }) => fen / 100 },
    ]
    const rows = [
      { name: '=SUM(A1)', fen: -350 },
      { name: 'a, "b"', fen: 1_280 },
    ]

    expect(writeCsvText(columns, rows)).toBe('\ufeffname,yuan\r\n\'=SUM(A1),-3.5\r\n"a, ""b""",12.8\r\n')
  })
})
