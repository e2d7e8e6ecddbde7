// Statements, past balances, reversals and the kept self-checks over HTTP, on both dialects.
import { describe, expect, it } from 'vitest'
import { eq } from 'drizzle-orm'
import { exec } from '#server/db/unit.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import { checkBooksNightly } from '#server/ledger/check-books.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { rollUpAccounts } from '#server/ledger/roll-up.ts'
import { nouns } from '#server/nouns.ts'
import { startServer } from '../../support/start-server.ts'
import type { Caller, TestServer } from '../../support/start-server.ts'
import { TestClock } from '../../support/test-clock.ts'
import { dialects } from '../../support/test-database.ts'

const wallet = accountIdOf('wallet', 'buyer')
const channel = accountIdOf('channel', 'wallet')
const dayMs = 86_400_000

/** A top-up of 100 yuan on day 1, then a purchase of 1, 2, 3, 4 yuan on each of days 2 to 5. */
async function fill({ app }: TestServer): Promise<void> {
  const { database } = app.ctx
  await database.run(function* (ctx) {
    const topUp = { debit: namedAccounts.mainBank, credit: wallet, amountFen: 10_000, leg: 'x' }
    yield* postTransfers(ctx, [{ ...topUp, cause: { kind: 'top-up', id: 't1' } }], dayMs)
    for (let day = 2; day <= 5; day += 1) {
      const purchase = { debit: wallet, credit: channel, amountFen: (day - 1) * 100, leg: 'x' }
      yield* postTransfers(ctx, [{ ...purchase, cause: { kind: 'capture', id: `c${day}` } }], day * dayMs)
    }
  })
  await database.run((ctx) => rollUpAccounts(ctx, 3 * dayMs))
}

interface Line {
  readonly side: 'debit' | 'credit'
  readonly amountFen: number
  readonly balanceFen: number
}

async function readPages(caller: Caller, accountId: string, span: string) {
  const lines: Line[] = []
  let cursor = ''
  for (;;) {
    const path = `/api/ledger/accounts/${accountId}/statement?limit=1${span}${cursor}`
    const { status, body } = await caller.send('GET', path)
    expect(status).toBe(200)
    lines.push(...(body['rows'] as Line[]))
    if (body['nextCursor'] === undefined)
      return { lines, openingFen: body['openingFen'], closingFen: body['closingFen'] }
    cursor = `&cursor=${body['nextCursor'] as string}`
  }
}

describe.each(dialects)('an account on %s', (dialect) => {
  it('has a statement whose lines lead from the opening to the closing balance, page by page', async () => {
    await using server = await startServer({ dialect })
    await fill(server)
    const finance = await server.signIn('finance')

    const ofWallet = await readPages(finance, wallet, `&fromMs=${3 * dayMs}&throughMs=${4 * dayMs}`)
    const ofChannel = await readPages(finance, channel, `&fromMs=${3 * dayMs}`)

    expect(ofWallet).toMatchObject({ openingFen: 9_900, closingFen: 9_400 })
    expect(ofWallet.lines.map(({ side, amountFen, balanceFen }) => [side, amountFen, balanceFen])).toEqual([
      ['debit', 200, 9_700],
      ['debit', 300, 9_400],
    ])
    // A channel is an asset: its balance is shown on the debit side, where a capture takes from it.
    expect(ofChannel).toMatchObject({ openingFen: -100, closingFen: -1_000 })
    expect(ofChannel.lines.map(({ balanceFen }) => balanceFen)).toEqual([-300, -600, -1_000])
  })

  it('has a balance at every past instant, and none when nobody opened it', async () => {
    await using server = await startServer({ dialect })
    await fill(server)
    const auditor = await server.signIn('auditor')
    const ask = async (accountId: string, query: string) => {
      const { status, body } = await auditor.send('GET', `/api/ledger/accounts/${accountId}/balance${query}`)
      return body['balanceFen'] ?? status
    }

    expect(await ask(wallet, `?atMs=${dayMs - 1}`)).toBe(0)
    expect(await ask(wallet, `?atMs=${3 * dayMs}`)).toBe(9_700)
    expect(await ask(wallet, '')).toBe(9_000)
    expect(await ask('wallet:nobody', '')).toBe(404)
    expect(await ask(wallet, '?atMs=soon')).toBe(422)
  })

  it('is set right by a reversal, once, with its reason on the trail', async () => {
    await using server = await startServer({ dialect })
    await fill(server)
    const finance = await server.signIn('finance')
    const reverse = (causeKind: string, causeId: string) =>
      finance.send('POST', '/api/ledger/reversals', { causeKind, causeId, reason: 'credited twice' })

    const tooLate = await reverse('top-up', 't1')
    const foreign = await reverse('sale-line', 's1')
    await server.app.ctx.database.run(function* (ctx) {
      const topUp = { debit: namedAccounts.mainBank, credit: wallet, amountFen: 700, leg: 'x' }
      yield* postTransfers(ctx, [{ ...topUp, cause: { kind: 'top-up', id: 't2' } }])
    })
    const first = await reverse('top-up', 't2')
    const again = await reverse('top-up', 't2')

    expect(tooLate).toMatchObject({ status: 409, body: { code: 'ledger.balance_insufficient' } })
    expect(foreign).toMatchObject({ status: 422 })
    expect([first.body['outcome'], again.body['outcome']]).toEqual(['posted', 'already'])
    const { lines } = await readPages(finance, wallet, '')
    expect(lines.at(-1)).toMatchObject({ side: 'debit', amountFen: 700, balanceFen: 9_000, memo: 'credited twice' })
  })
})

describe.each(dialects)('the proof of the books on %s', (dialect) => {
  const kept = async (caller: Caller) => {
    const { body } = await caller.send('GET', '/api/ledger/self-checks')
    return (body['rows'] as Array<Record<string, unknown>>).map(({ isSound, startedBy }) => [isSound, startedBy])
  }
  const gauge = async ({ app }: TestServer, name: string) =>
    (await app.ctx.metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value

  it('is kept whenever somebody asks for it, and says what is wrong', async () => {
    await using server = await startServer({ dialect })
    await fill(server)
    const auditor = await server.signIn('auditor')

    const sound = await auditor.send('POST', '/api/ledger/self-checks')
    await server.app.ctx.database.run(function* ({ db, tables: { ledgerAccounts: t } }) {
      yield* exec(db.update(t).set({ balanceFen: 9_001 }).where(eq(t.id, wallet)))
    })
    const unsound = await auditor.send('POST', '/api/ledger/self-checks')

    expect(sound).toMatchObject({ status: 201, body: { isSound: true, checkedTransfers: 5 } })
    expect(unsound).toMatchObject({ status: 201, body: { isSound: false } })
    expect(JSON.stringify(unsound.body['proofs'])).toContain('wallet:buyer says 9001 fen, its entries say 9000')
    expect(await kept(auditor)).toEqual([
      [false, auditor.accountId],
      [true, auditor.accountId],
    ])
    expect(await gauge(server, 'huinong_ledger_problems')).toBe(1)
  })

  it('happens once a night, and a restarted server shows what the last one found', async () => {
    const clock = new TestClock()
    // The test takes the job's turns itself.
    await using server = await startServer({ dialect, clock, nouns: nouns.map((noun) => ({ ...noun, jobs: [] })) })
    const turn = () => checkBooksNightly(server.app.ctx, new AbortController().signal)

    await turn()
    await turn()
    clock.advance(dayMs)
    await turn()
    server.app.ctx.metrics.booksCheckedAt.set(0)
    await turn()

    expect(await kept(await server.signIn('auditor'))).toEqual([
      [true, undefined],
      [true, undefined],
    ])
    expect(await gauge(server, 'huinong_books_checked_timestamp_seconds')).toBe(clock.now() / 1_000)
  })
})
