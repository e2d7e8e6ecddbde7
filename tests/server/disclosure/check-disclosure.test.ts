// What somebody with the database's password changes after a day was published, with whatever belongs to it, is found.
import { asc } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { hashAuditRow, startOfChain } from '#server/audit/chain.ts'
import { checkAudit } from '#server/audit/check-audit.ts'
import { recordAudits } from '#server/audit/record-audit.ts'
import { rows } from '#server/db/unit.ts'
import { disclosureProofs } from '#server/disclosure/check-disclosure.ts'
import { booksProofs } from '#server/ledger/check-books.ts'
import { proveInSlices } from '#server/ledger/proof.ts'
import { startDisclosedMarket } from '#tests/support/disclosed-market.ts'
import type { DisclosedMarket } from '#tests/support/disclosed-market.ts'
import { forgeRows } from '#tests/support/forge-rows.ts'
import { dialects } from '#tests/support/test-database.ts'

/** Two published days with a row of the trail before each. */
async function openPublished(dialect: (typeof dialects)[number]) {
  const world = await startDisclosedMarket(dialect)
  const { database } = world.server.app.ctx
  for (const subjectId of ['one', 'two']) {
    const entry = { accountId: 'ann', action: 'thing.changed', subjectId, why: 'so it was' }
    await database.run((ctx) => recordAudits(ctx, [entry, entry]))
    await world.publishNextDay()
  }
  return world
}

async function problemsOf({ server }: DisclosedMarket): Promise<string[]> {
  const proofs = await proveInSlices(server.app.ctx.database, disclosureProofs)
  return proofs.flatMap(({ problems }) => problems)
}

/** Writes a chain anew from its first row on, hashes and head included, as one who knows how it is made. */
async function rewriteTrail({ server }: DisclosedMarket): Promise<void> {
  const trail = await server.app.ctx.database.read(({ db, tables: { auditRows: r } }) =>
    rows(db.select().from(r).orderBy(asc(r.chainId), asc(r.seq))),
  )
  const changed = trail.find(({ accountId }) => accountId === 'ann')
  const statements: string[] = []
  let prevHash = startOfChain(changed?.chainId ?? '').hash
  for (const row of trail.filter(({ chainId }) => chainId === changed?.chainId)) {
    const why = row.auditId === changed?.auditId ? 'another reason' : row.why
    const hash = hashAuditRow({ ...row, prevHash, why })
    const columns = { why, prev_hash: prevHash, hash }
    const set = Object.entries(columns).map(([name, text]) => `${name} = ${text === null ? 'null' : `'${text}'`}`)
    statements.push(`update audit_row set ${set.join(', ')} where audit_id = '${row.auditId}'`)
    prevHash = hash
  }
  statements.push(`update audit_chain set head_hash = '${prevHash}' where chain_id = '${changed?.chainId}'`)
  await forgeRows(server.databaseUrl, 'audit_row', statements)
}

describe.each(dialects)('what was published on %s', { timeout: 120_000 }, (dialect) => {
  it('is what the books and the trail say', async () => {
    await using world = await openPublished(dialect)

    expect(await problemsOf(world)).toEqual([])
    expect(booksProofs).toEqual(expect.arrayContaining([...disclosureProofs]))
  })

  it('shows a trail that was written anew, which its own chain does not', async () => {
    await using world = await openPublished(dialect)

    await rewriteTrail(world)

    expect((await checkAudit(world.server.app.ctx.database)).broken).toEqual([])
    expect((await problemsOf(world))[0]).toContain('is not what was published for 2026-03-01')
  })

  it('shows a posting that was changed with both its entries, and a day that was', async () => {
    await using world = await openPublished(dialect)
    const url = world.server.databaseUrl
    const own = `transfer_id = (select max(transfer_id) from disclosed_line)`

    await forgeRows(url, 'ledger_entry', [`update ledger_entry set amount_fen = amount_fen * 2 where ${own}`])
    await forgeRows(url, 'disclosed_day', [`update disclosed_day set total_fen = 1 where day = '2026-03-01'`])

    expect(await problemsOf(world)).toEqual([
      expect.stringMatching(/^sale-line:.* is not booked as it was published for 2026-03-01, leaf \d$/),
      'the day 2026-03-01 does not have the hash it says',
    ])
  })
})
