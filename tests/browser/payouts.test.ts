// A payout from preview to settled at the administration's pages, by the three people it needs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { desk as deskSize, findBarriers, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { openDemoDesk, signInAt, type DemoDesk } from '#tests/support/demo-desk.ts'
import {
  bankAnswer,
  downloadFile,
  downloadList,
  move,
  openTab,
  stateIs,
  uploadAnswer,
} from '#tests/support/payout-desk.ts'

let office: DemoDesk
let browser: TestBrowser

beforeAll(async () => {
  office = await openDemoDesk()
  await office.earn(3, 12_345)
  browser = await startBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await office?.[Symbol.asyncDispose]()
}, 60_000)

describe('a payout', { timeout: 180_000 }, () => {
  it('goes from preview to settled by three people, with an objection, a wrong file and a refused line', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const barriers: string[] = []
    await signInAt(page, office.url, 'finance', '/admin/payouts')
    await page.locator('select[name=profile] option[value=demo-csv]').waitFor({ state: 'attached' })
    await page.locator('select[name=profile]').selectOption('demo-csv')
    await page.locator('form.draft button[type=submit]').click()
    await stateIs(page, 'DRAFT')
    expect(await page.locator('[data-testid=total]').innerText()).toBe('¥370.35')
    const byAmount = page.locator('th[aria-sort] button', { hasText: '金额' })
    await byAmount.click()
    await byAmount.click()
    // Everybody is owed the same, so that the place decides.
    await page.locator('tbody tr:first-child td:first-child', { hasText: '3' }).waitFor()
    await openTab(page, 'postings')
    await page.locator('[data-testid=posting-sum]', { hasText: '¥370.35' }).waitFor()
    barriers.push(...(await findBarriers(page)))
    await move(page, 'review')
    await stateIs(page, 'REVIEWED')
    await move(page, 'openNotice')
    await stateIs(page, 'NOTICE_OPEN')
    const path = new URL(page.url()).pathname

    await openTab(page, 'objections')
    await page.locator('input[name=raised-by]').fill('王大姐')
    await page.locator('input[name=objection]').fill('少算了一筐柑橘')
    await page.locator('input[name=objection] >> xpath=ancestor::form >> button').click()
    await stateIs(page, 'OBJECTED')
    await page.locator('tbody input').fill('已核对过秤记录')
    await page.locator('[data-decision=dismissed]').click()
    await stateIs(page, 'RESOLVED')
    await move(page, 'closeNotice')
    await page.locator('[role=alert]', { hasText: '公示期还没有到' }).waitFor()

    // Fourteen days later everybody has been signed out.
    office.clock.setWall(office.clock.now() + 14 * 86_400_000)
    await signInAt(page, office.url, 'finance', path)
    await move(page, 'closeNotice')
    await stateIs(page, 'NOTICE_CLOSED')
    await move(page, 'approve')
    await page.locator('[role=alert]', { hasText: '已经经手过' }).waitFor()
    await signInAt(page, office.url, 'approver', path)
    await move(page, 'approve')
    await stateIs(page, 'APPROVED')
    await signInAt(page, office.url, 'releaser', path)
    await move(page, 'release')
    await move(page, 'export')
    await stateIs(page, 'EXPORTED')
    const file = await downloadFile(page)

    await openTab(page, 'returns')
    await uploadAnswer(page, bankAnswer(file).replace('成功', '大概成功'))
    await page.locator('[data-testid=row-errors] tbody tr').first().waitFor()
    await uploadAnswer(page, bankAnswer(file))
    await page.locator('[data-testid=return-preview]').waitFor()
    barriers.push(...(await findBarriers(page)))
    await move(page, 'import')
    await stateIs(page, 'BANK_RETURNED')
    expect(await page.locator('[data-testid=differences]').innerText()).toContain('还差 ¥0.00')
    await move(page, 'settle')
    await page.locator('[role=alert]', { hasText: '还没有全部确认' }).waitFor()
    await openTab(page, 'verifications')
    await page.locator('[data-answer=received]').first().waitFor()
    const drawn = await page.locator('tbody tr').count()
    for (let row = 0; row < drawn; row += 1) {
      await page.locator('tbody tr').nth(row).locator('[data-answer=received]').click()
      await page
        .locator('tbody tr')
        .nth(row)
        .locator('td', { hasText: /^收到了/ })
        .first()
        .waitFor()
    }
    const asked = (await downloadList(page)).split('\r\n')
    expect(asked[0]).toBe('户编号,户,金额,农户的回答,说明')
    expect(asked.slice(1, -1).map((line) => line.split(',').slice(2))).toEqual(
      Array.from({ length: drawn }, () => ['123.45', '收到了', '']),
    )
    await move(page, 'settle')
    await stateIs(page, 'SETTLED')

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })
})
