// The nightly proof builds the published roots again: whatever is changed behind them is found, by day and leaf, and told.
import { asc, eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { findConditions } from '#server/alerts/find-conditions.ts'
import { shippedRules } from '#server/alerts/rules.ts'
import { rows } from '#server/db/unit.ts'
import { leafText, makeLeaf } from '#server/disclosure/income-leaf.ts'
import { buildTree, hashLeaf, rootOf } from '#server/disclosure/merkle.ts'
import { hashDay } from '#server/disclosure/publish-day.ts'
import { ownerIdOf } from '#server/ledger/account-kinds.ts'
import { proveBooks } from '#server/ledger/check-books.ts'
import { proveRoots } from '#server/disclosure/prove-roots.ts'
import { startDisclosedMarket } from '#tests/support/disclosed-market.ts'
import type { DisclosedMarket } from '#tests/support/disclosed-market.ts'
import { forgeRows } from '#tests/support/forge-rows.ts'
import { dialects } from '#tests/support/test-database.ts'

const day = '2026-03-01'

const linesOf = ({ server }: DisclosedMarket) =>
  server.app.ctx.database.read(({ db, tables: { disclosedLines: t } }) =>
    rows(db.select().from(t).where(eq(t.day, day)).orderBy(asc(t.leafIndex))),
  )

async function publish(dialect: (typeof dialects)[number]) {
  const world = await startDisclosedMarket(dialect)
  await world.publishNextDay()
  return world
}

const forge = ({ server }: DisclosedMarket, set: string, where: string) =>
  forgeRows(server.databaseUrl, 'disclosed_line', [`update disclosed_line set ${set} where ${where}`])

async function problemsOf({ server: { app } }: DisclosedMarket, isSealed = true) {
  return (await proveRoots(app.ctx.database, isSealed ? app.ctx.sealer : undefined)).problems
}

describe.each(dialects)('the roots published on %s', { timeout: 120_000 }, (dialect) => {
  it('are those of their leaves', async () => {
    await using world = await publish(dialect)
    const { database, sealer } = world.server.app.ctx

    expect(await proveRoots(database, sealer)).toMatchObject({ checked: 3, problems: [] })
    expect(await proveRoots(database, undefined)).toMatchObject({ checked: 3, problems: [] })
  })

  it('show a leaf that was changed, and the proof of the night tells by day and leaf', async () => {
    await using world = await publish(dialect)
    const { ctx } = world.server.app

    await forge(world, `leaf_hash = '${'f'.repeat(64)}'`, 'leaf_index = 1')
    const check = await proveBooks(ctx)
    const conditions = await ctx.database.read((unit) => findConditions(unit, shippedRules))

    const found = await problemsOf(world)
    expect(found).toEqual([
      expect.stringMatching(/^the day 2026-03-01: leaf 1 is not that of its line, sale-line:/),
      'the day 2026-03-01: its leaves do not give its root: leaf 2 or the one before it was not published so',
    ])
    expect(await problemsOf(world, false)).toEqual(found.slice(1))
    expect(check).toMatchObject({ isSound: false })
    expect(conditions.find(({ kind }) => kind === 'books_unsound')?.facts).toEqual({
      problems: 2,
      firstProblem: found[0],
    })
  })

  it('show a line that was changed behind its leaf', async () => {
    await using world = await publish(dialect)

    await forge(world, 'amount_fen = amount_fen + 1', 'leaf_index = 2')

    expect(await problemsOf(world)).toEqual([
      expect.stringMatching(/^the day 2026-03-01: leaf 2 is not that of its line, sale-line:/),
    ])
  })

  it('show a line that was changed with its leaf', async () => {
    await using world = await publish(dialect)
    const { sealer } = world.server.app.ctx
    const [, line] = await linesOf(world)
    if (line === undefined) throw new Error('no line')
    const { accountId, transferId, atMs, amountFen } = line
    const other = { householdCode: ownerIdOf(accountId), transferId, atMs, amountFen: amountFen + 100 }
    const leafHash = hashLeaf(leafText(makeLeaf(sealer, other))).toString('hex')

    await forge(world, `amount_fen = ${other.amountFen}, leaf_hash = '${leafHash}'`, 'leaf_index = 1')

    expect((await problemsOf(world))[0]).toMatch(/^the day 2026-03-01: its leaves do not give its root/)
  })

  it('show a leaf that is gone, the last too', async () => {
    await using world = await publish(dialect)
    const remove = (index: number) =>
      forgeRows(world.server.databaseUrl, 'disclosed_line', [`delete from disclosed_line where leaf_index = ${index}`])

    await remove(2)
    const last = await problemsOf(world)
    await remove(0)
    const first = await problemsOf(world)

    expect(last).toEqual([
      'the day 2026-03-01: leaf 2 is missing',
      'the day 2026-03-01: its leaves do not give its root',
    ])
    expect(first[0]).toBe('the day 2026-03-01: leaf 0 is missing')
  })

  it('show a root that was changed with the hash of its day', async () => {
    await using world = await publish(dialect)
    const { database } = world.server.app.ctx
    const lines = await linesOf(world)
    const root = rootOf(buildTree(lines.slice(1).map(({ leafHash }) => Buffer.from(leafHash, 'hex')))).toString('hex')
    const [published] = await database.read(({ db, tables: { disclosedDays: t } }) => rows(db.select().from(t)))
    if (published === undefined) throw new Error('no day')
    const hash = hashDay({ ...published, root })

    await forgeRows(world.server.databaseUrl, 'disclosed_day', [
      `update disclosed_day set root = '${root}', hash = '${hash}'`,
    ])

    expect(await problemsOf(world)).toEqual(['the day 2026-03-01: its leaves do not give its root'])
  })
})
