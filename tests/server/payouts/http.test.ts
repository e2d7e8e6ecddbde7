// A payout over HTTP, by the people who do it: accounts entered and confirmed, draft, dry run, notice, objection, approval, release,
// file, the bank's answer as a CSV file, verification, settlement.
import { describe, expect, it } from 'vitest'
import { enterHouseholds, enterVillages } from '#server/households/enter-households.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { saveProfile, standardProfile } from '#server/payouts/bank-profiles.ts'
import { coolingOffMs } from '#server/payouts/rules.ts'
import { startServer, testPassword } from '#tests/support/start-server.ts'
import type { Answer, Person, TestServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'
import { TestClock } from '#tests/support/test-clock.ts'

const codes = ['5001121422010001', '5001121422010002']

async function seed({ app }: TestServer): Promise<void> {
  await app.ctx.database.run(function* (ctx) {
    yield* enterVillages(ctx, [
      { villageCode: '500112142201', name: '青龙村', townCode: '500112142', townName: '大盛镇' },
    ])
    yield* enterHouseholds(
      ctx,
      codes.map((householdCode) => ({ householdCode, headName: '王甲', population: 2, kind: 'EXITED' as const })),
    )
    const payer = { payerName: '惠农专户', payerAccount: '99990000000001', payerBankNo: '999653000001' }
    yield* saveProfile(ctx, standardProfile('abc', 'csv', payer), undefined)
    yield* postTransfers(
      ctx,
      codes.map((code, index) => ({
        debit: 'channel:wallet' as const,
        credit: `household:${code}` as const,
        amountFen: 1_000 * (index + 1),
        cause: { kind: 'sale-line' as const, id: `s${index}` },
        leg: '0',
      })),
    )
  })
}

/** Signs in again: a notice lasts longer than a sign-in may. */
async function again(server: TestServer, { login }: Person) {
  const answer = await server.anybody.send('POST', '/api/sign-in', { login, password: testPassword })
  return server.callerWith(answer.headers.getSetCookie()[0]?.split(';')[0])
}

const ok = (answer: Answer) => {
  expect(answer.body['code']).toBeUndefined()
  expect(answer.status).toBeLessThan(300)
  return answer.body
}

describe.each(dialects)('a payout over HTTP on %s', (dialect) => {
  it('goes from accounts to settlement, each step by its person', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    await seed(server)
    const [clerk, checker, preparer, approver, releaser] = [
      await server.signIn('finance'),
      await server.signIn('finance'),
      await server.signIn('finance'),
      await server.signIn('finance'),
      await server.signIn('finance'),
    ]
    for (const [index, householdCode] of codes.entries()) {
      const account = { name: '王甲', bankName: '演示银行', bankNo: '999653000002', account: `999900000000${index}` }
      const entered = ok(
        await clerk.send('POST', '/api/payee-accounts', { householdCode, ...account, reason: '首次登记' }),
      )
      expect(JSON.stringify(entered)).not.toContain('999900000000')
      const path = `/api/payee-accounts/${String(entered['payeeAccountId'])}/confirmation`
      expect((await clerk.send('POST', path)).body['code']).toBe('payee_account.same_person')
      ok(await checker.send('POST', path))
    }
    clock.advance(coolingOffMs)
    const drafter = await again(server, preparer)

    const draft = ok(await drafter.send('POST', '/api/payouts', { incomeKind: 'OPERATING', profileId: 'abc' }))
    const base = `/api/payouts/${String(draft['batchId'])}`
    const drafted = ok(await drafter.send('POST', `${base}/draft-steps`))
    const dryRun = ok(await drafter.send('GET', `${base}/postings`))
    const lines = ok(await drafter.send('GET', `${base}/lines`))['rows'] as Array<{ lineId: string }>
    const explained = ok(await drafter.send('GET', `${base}/lines/${lines[1]?.lineId}`))
    ok(await drafter.send('POST', `${base}/review`))
    const noticed = ok(await drafter.send('POST', `${base}/notice`, {}))
    const objection = ok(
      await drafter.send('POST', `${base}/objections`, { lineId: lines[0]?.lineId, reason: '户主已迁出' }),
    )
    const revealing = await drafter.send('POST', `${base}/objections`, { reason: '请打 13812345678' })
    const blocked = await drafter.send('POST', `${base}/notice-end`)
    const decision = { decision: 'upheld', note: '核实迁出' }
    ok(await drafter.send('POST', `${base}/objections/${String(objection['objectionId'])}/decision`, decision))
    const early = await drafter.send('POST', `${base}/notice-end`)
    clock.advance(Number(noticed['noticeUntilMs']) - clock.now())
    const prepares = await again(server, preparer)
    ok(await prepares.send('POST', `${base}/notice-end`))
    const ownApproval = await prepares.send('POST', `${base}/approvals`)
    const clerks = await (await again(server, clerk)).send('POST', `${base}/approvals`)
    ok(await (await again(server, approver)).send('POST', `${base}/approvals`))
    const unreleased = await prepares.send('POST', `${base}/export-steps`)
    const releases = await again(server, releaser)
    ok(await releases.send('POST', `${base}/releases`))
    const exported = ok(await releases.send('POST', `${base}/export-steps`))
    const file = await releases.send('GET', `${base}/files/1/content`)
    const csv = `批次号,序号,处理结果,银行流水号,入账时间\r\n${String(draft['batchNo'])},2,成功,S1,2026-03-20 10:00:00\r\n`
    const headers = { 'content-type': 'text/csv' }
    const preview = ok(await releases.send('POST', `${base}/return-previews`, Buffer.from(csv), headers))
    const wrong = await releases.send('POST', `${base}/returns`, Buffer.from(csv.replace('成功', '好')), headers)
    ok(await releases.send('POST', `${base}/returns`, Buffer.from(csv), headers))
    const verification = `${base}/verifications/${lines[1]?.lineId}`
    const stranger = await server.signIn('helper')
    const strangerSees = ok(await stranger.send('GET', `${base}/verifications`))
    const strangerAsks = await stranger.send('PUT', verification, { answer: 'received' })
    ok(await releases.send('PUT', verification, { answer: 'received' }))
    const settled = ok(await releases.send('POST', `${base}/settlement`))

    expect(drafted).toMatchObject({ isDrafted: true, lineCount: 2, totalFen: 3_000 })
    expect(dryRun).toMatchObject({ count: 2, totalFen: 3_000 })
    expect((dryRun['rows'] as object[])[0]).toMatchObject({
      transferId: `payout-line:${lines[0]?.lineId}:out.1`,
      debitAccountId: `household:${codes[0]}`,
      creditAccountId: 'transit:payouts',
      amountFen: 1_000,
    })
    expect(explained).toMatchObject({
      amountFen: 2_000,
      carriedInFen: 0,
      heldBackFen: 0,
      rows: [{ transferId: 'sale-line:s1:0' }],
    })
    expect(revealing.body).toMatchObject({ code: 'personal_data.text_reveals', field: 'reason' })
    expect(blocked.body['code']).toBe('payout.objection_open')
    expect(early.body['code']).toBe('payout.notice_running')
    expect([ownApproval, clerks].map(({ body }) => body['code'])).toEqual([
      'payout.person_has_part',
      'payout.person_has_part',
    ])
    expect(unreleased.body['code']).toBe('payout.not_released')
    expect(exported).toMatchObject({ state: 'EXPORTED' })
    expect(file.headers.get('content-disposition')).toContain(`${String(draft['batchNo'])}-001.csv`)
    expect(file.body['text']).toContain('9999000000001')
    expect(file.body['text']).not.toContain('9999000000000,')
    expect(preview).toMatchObject({ paidCount: 1, postings: [{ creditAccountId: 'bank:main', amountFen: 2_000 }] })
    expect(wrong.body).toMatchObject({ code: 'payout.return_invalid', errors: [{ field: 'row 2, 处理结果' }] })
    expect(strangerSees).toEqual({ rows: [] })
    expect(strangerAsks.body['code']).toBe('payout.line_unknown')
    expect(settled).toMatchObject({ state: 'SETTLED' })
  })
})
