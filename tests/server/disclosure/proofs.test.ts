import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { IncomeProof } from '#shared/contracts/http/disclosure.ts'
import type { z } from 'zod'
import { publishDays } from '#server/disclosure/publish-day.ts'
import { rows } from '#server/db/unit.ts'
import { startDisclosedMarket, type DisclosedMarket } from '#tests/support/disclosed-market.ts'
import { householdCode } from '#tests/support/market.ts'
import { makeScratchFolder } from '#tests/support/scratch-folder.ts'
import { dialects } from '#tests/support/test-database.ts'

type Proof = z.output<typeof IncomeProof>

const folder = makeScratchFolder('huinong-proofs-')
let runs = 0
/** Each run of the script is a process of its own. */
const patience = { timeout: 240_000 }

/** Runs the published script as anybody would; beside the test, which may be the server that it asks. */
function verify(proof: unknown, published: unknown): Promise<{ code: number; text: string }> {
  runs += 1
  const proofFile = join(folder, `proof-${runs}.json`)
  writeFileSync(proofFile, JSON.stringify(proof))
  const given = typeof published === 'string' ? published : join(folder, `published-${runs}.json`)
  if (typeof published !== 'string') writeFileSync(given, JSON.stringify(published))
  return new Promise((resolve) => {
    execFile(process.execPath, ['server/web/public/verify.mjs', proofFile, given], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : 1, text: `${stdout}${stderr}`.trim() }),
    )
  })
}

async function proofsOf({ server, sessionId }: DisclosedMarket): Promise<{ proofs: Proof[]; waiting: number }> {
  const admin = await server.signIn('admin')
  const { body } = await admin.send('GET', `/api/sessions/${sessionId}/receipt/proofs`)
  return body as unknown as { proofs: Proof[]; waiting: number }
}

async function daysOf({ server }: DisclosedMarket) {
  return (await server.anybody.send('GET', '/api/disclosure/days')).body as unknown as { rows: Proof['day'][] }
}

describe.each(dialects)('published days on %s', patience, (dialect) => {
  it('hold every part of a receipt, which the script proves from outside', async () => {
    await using world = await startDisclosedMarket(dialect)
    const before = await proofsOf(world)
    await world.publishNextDay()

    const { proofs, waiting } = await proofsOf(world)
    const days = await daysOf(world)

    expect(before).toEqual({ proofs: [], waiting: 3 })
    expect([proofs.length, waiting]).toEqual([3, 0])
    const [first] = proofs
    for (const proof of proofs)
      expect(await verify(proof, days)).toMatchObject({ code: 0, text: expect.stringContaining('OK:') })
    expect((await verify(first, `${world.server.url}/api/disclosure/days/${first?.day.day}`)).code).toBe(0)
    expect((await verify(first, first?.day.root)).code).toBe(0)
    // Nothing on a receipt opens a pseudonym.
    expect(JSON.stringify(proofs)).not.toMatch(/householdCode|opening|500112\d{10}/)
  })

  it('are proved to a household with its pseudonym opened, and to nobody out of scope', async () => {
    await using world = await startDisclosedMarket(dialect)
    const { server } = world
    await world.publishNextDay()
    const [farmer, helper] = [await server.signIn('farmer'), await server.signIn('helper')]
    const income = await farmer.send('GET', `/api/households/${householdCode(1)}/income`)
    const [line] = income.body['rows'] as Array<{ transferId: string }>
    const path = (serial: number) =>
      `/api/households/${householdCode(serial)}/income-proof?transferId=${encodeURIComponent(line?.transferId ?? '')}`

    const proof = await farmer.send('GET', path(1))

    expect(proof.body).toMatchObject({ householdCode: householdCode(1), leaf: { amountFen: 149 } })
    const days = await daysOf(world)
    expect((await verify(proof.body, days)).text).toContain(`1.49 yuan of household ${householdCode(1)}`)
    expect((await verify({ ...proof.body, householdCode: householdCode(2) }, days)).text).toMatch(/pseudonym/)
    expect((await farmer.send('GET', path(2))).body['code']).toBe('household.not_found')
    expect((await helper.send('GET', path(1))).status).toBe(404)
  })

  it('continue one another, once each, and take late lines into the next', async () => {
    await using world = await startDisclosedMarket(dialect)
    const first = await world.publishNextDay()
    await world.sell(2)
    const [again, second] = [await publishDays(world.server.app.ctx), await world.publishNextDay()]

    const { rows: days } = await daysOf(world)

    expect([first.length, again, second.length]).toEqual([1, [], 1])
    expect(days.map(({ lineCount }) => lineCount)).toEqual([3, 3])
    expect(days[0]?.prevHash).toBe(days[1]?.hash)
    expect(days[1]?.totalFen).toBe(896)
    const racing = await Promise.all([1, 2, 3].map(() => world.publishNextDay()))
    expect((await daysOf(world)).rows).toHaveLength(2 + racing.flat().length)
    const leaves = await world.server.app.ctx.database.read(({ db, tables: { disclosedLines: t } }) =>
      rows(db.select({ leafHash: t.leafHash }).from(t)),
    )
    expect(new Set(leaves.map(({ leafHash }) => leafHash)).size).toBe(6)
  })
})

describe('the script', () => {
  it('finds each part of a proof, and of the published days, that was tampered with', patience, async () => {
    await using world = await startDisclosedMarket('sqlite')
    await world.publishNextDay()
    await world.sell(2)
    await world.publishNextDay()
    const { proofs } = await proofsOf(world)
    const published = await daysOf(world)
    const [proof] = proofs
    if (proof === undefined) throw new Error('there is no proof')
    const zeros = '0'.repeat(64)
    const { day, leaf, path } = proof

    const wrongs: ReadonlyArray<readonly [RegExp, unknown, unknown]> = [
      [/not in the root/, { ...proof, leaf: { ...leaf, amountFen: leaf.amountFen + 1 } }, published],
      [/not in the root/, { ...proof, leaf: { ...leaf, atMs: leaf.atMs + 1 } }, published],
      [/not in the root/, { ...proof, leaf: { ...leaf, pseudonym: zeros } }, published],
      [/another line/, { ...proof, leaf: { ...leaf, line: zeros } }, published],
      [/another line/, { ...proof, transferId: `${proof.transferId}x` }, published],
      [/not in the root|path is too|outside/, { ...proof, leafIndex: (proof.leafIndex + 1) % 3 }, published],
      [/outside the tree/, { ...proof, leafIndex: 99 }, published],
      [/not in the root/, { ...proof, path: [zeros, ...path.slice(1)] }, published],
      [/too short/, { ...proof, path: path.slice(1) }, published],
      [/too long/, { ...proof, path: [...path, zeros, zeros] }, published],
      [/hash it says/, { ...proof, day: { ...day, root: zeros } }, published],
      [/hash it says/, { ...proof, day: { ...day, totalFen: 1 } }, published],
      [/not the published one/, proof, zeros],
      [/not the published one/, proof, { rows: published.rows.filter((one) => one.day > day.day) }],
      [/hash it says/, proof, { rows: published.rows.map((one) => ({ ...one, lineCount: 4 })) }],
      [/does not continue|hash it says/, proof, { rows: published.rows.map((one) => ({ ...one, prevHash: zeros })) }],
      [/no proof/, { ...proof, format: 'other' }, published],
    ]
    expect((await verify(proof, published)).code).toBe(0)
    for (const [message, forged, days] of wrongs) {
      expect(await verify(forged, days)).toEqual({ code: 1, text: expect.stringMatching(message) })
    }
  })

  it('imports nothing but Node.js', () => {
    const text = readFileSync('server/web/public/verify.mjs', 'utf8')

    const imports = [...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name)

    expect(imports).toEqual(['node:crypto', 'node:fs/promises'])
  })
})
