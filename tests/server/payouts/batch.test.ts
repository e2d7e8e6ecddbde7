// The batch jobs of payouts on a database: draft, files into a folder, the bank's answer from a file.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { addAccounts } from '#server/identity/add-accounts.ts'
import { payoutJobs } from '#server/payouts/batch.ts'
import { listBatches } from '#server/payouts/show-payouts.ts'
import { noticeWorkingDays } from '#server/payouts/rules.ts'
import { approveBatch, closeNotice, openNotice, releaseBatch, reviewBatch } from '#server/payouts/sign-batch.ts'
import { openPayoutWorld, people } from '#tests/support/payout-world.ts'
import { testSealer } from '#tests/support/test-sealer.ts'

it('draft, export and take over an answer, with progress', async () => {
  await using world = await openPayoutWorld('sqlite')
  const { database, clock, run } = world
  const person = { displayName: 'x', roles: ['finance' as const], passwordHash: 'none', mustChangePassword: false }
  const [preparer = ''] = await run((ctx) => addAccounts(ctx, [{ ...person, login: 'preparer' }]))
  const folder = mkdtempSync(join(tmpdir(), 'huinong-payout-'))
  const progress: Array<[number, number]> = []
  const start = (name: string, args: Record<string, string>) => {
    const job = payoutJobs.find((one) => one.name === name)
    const context = { database, sealer: testSealer, commandKeyFile: '', clock, random: seededRandom(1) }
    return job?.run(context, { as: 'preparer', ...args }, (done, total) => progress.push([done, total]))
  }

  const [drafted = ''] = (await start('payout-draft', { kind: 'OPERATING', profile: 'abc' })) ?? []
  const batchNo = drafted.slice(0, drafted.indexOf(' '))
  const stranger = start('payout-draft', { kind: 'OPERATING', profile: 'abc', as: 'nobody' })
  await expect(stranger).rejects.toMatchObject({ code: 'identity.account_unknown' })
  const batchId = await run(function* (ctx) {
    const { rows } = yield* listBatches(ctx, { limit: 1 })
    return rows[0]?.batchId ?? ''
  })
  await run((ctx) => reviewBatch(ctx, batchId, preparer))
  const { noticeUntilMs } = await run((ctx) => openNotice(ctx, batchId, preparer, noticeWorkingDays))
  clock.advance((noticeUntilMs ?? 0) - clock.now())
  await run((ctx) => closeNotice(ctx, batchId, preparer))
  await run((ctx) => approveBatch(ctx, batchId, people.approver))
  await run((ctx) => releaseBatch(ctx, batchId, people.releaser))
  const exported = (await start('payout-export', { batch: batchNo, folder })) ?? []
  const answer = join(folder, 'answer.csv')
  const lines = [1, 2, 3].map((seq) => `${batchNo},${seq},${seq === 2 ? '失败' : '成功'}`)
  writeFileSync(answer, ['批次号,序号,处理结果', ...lines, ''].join('\n'))
  const taken = await start('payout-return', { batch: batchNo, file: answer })

  expect(drafted).toContain('is DRAFT: 3 lines of 600.00 yuan')
  expect(exported[1]).toMatch(/3 rows, 600\.00 yuan, SHA-256 [0-9a-f]{64}$/)
  expect(readdirSync(folder)).toContain(`${batchNo}-001.csv`)
  expect(readFileSync(join(folder, `${batchNo}-001.csv`), 'utf8')).toContain('9999000000000000001')
  expect(taken).toEqual(['3 rows: 2 paid, 1 refused, 0 not known, 0 came back, 0 known before.'])
  expect(progress.every(([done, total]) => done <= total)).toBe(true)
  expect(progress.length).toBeGreaterThan(3)
  rmSync(folder, { recursive: true })
})
