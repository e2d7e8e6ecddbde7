// A distribution at the administration's pages: from the share register over the members' meeting to the books, and on through
// a payout to the bank's answer and the household's own page.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { desk as deskSize, findBarriers, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { openDemoDesk, signInAt, type DemoDesk } from '#tests/support/demo-desk.ts'
import { bankAnswer, downloadFile, move, openTab, stateIs, uploadAnswer } from '#tests/support/payout-desk.ts'

let office: DemoDesk
let browser: TestBrowser

beforeAll(async () => {
  office = await openDemoDesk()
  browser = await startBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await office?.[Symbol.asyncDispose]()
}, 60_000)

describe('a distribution', { timeout: 300_000 }, () => {
  it('is worked out, seen by the members, resolved, and booked by another person', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const barriers: string[] = []
    await signInAt(page, office.url, 'finance', '/admin/organisations')
    await page.locator('tbody a', { hasText: '柑橘' }).click()
    await page.locator('form.plan').waitFor()
    await page.locator('input[name=title]').fill('2025 年股份分红')
    await page.locator('input[name=document]').fill('大盛柑橘〔2026〕1 号')
    await page.locator('input[name=from]').fill('2025-01-01')
    await page.locator('input[name=to]').fill('2026-01-01')
    await page.locator('input[name=at]').fill('2026-02-01')
    await page.locator('input[name=income]').fill('100000')
    await move(page, 'preview')
    await page.locator('[data-testid=preview-total]').waitFor()
    barriers.push(...(await findBarriers(page)))
    await move(page, 'draft')
    await stateIs(page, 'draft')
    expect(await page.locator('[data-testid=total]').innerText()).toBe('¥100000.00')
    await page.locator('input[name=meeting]').fill('2026-03-05T10:00')
    await move(page, 'publish')
    await page.locator('[role=alert]', { hasText: '天数不够' }).waitFor()
    await page.locator('input[name=meeting]').fill('2026-03-12T10:00')
    await move(page, 'publish')
    await stateIs(page, 'published')
    const path = new URL(page.url()).pathname

    office.clock.setWall(office.clock.now() + 13 * 86_400_000)
    await signInAt(page, office.url, 'finance', path)
    await page.locator('input[name=number]').fill('2026-1')
    await page.locator('input[name=present]').fill('300')
    await page.locator('input[name=for]').fill('290')
    await page.locator('input[name=against]').fill('10')
    await move(page, 'resolve')
    await stateIs(page, 'adopted')
    await move(page, 'run')
    await page.locator('[role=alert]', { hasText: '请换一个人' }).waitFor()
    await signInAt(page, office.url, 'approver', path)
    await move(page, 'run')
    await stateIs(page, 'run')
    barriers.push(...(await findBarriers(page)))

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('is paid out to the members, whose bank takes all but one, and stands in the farmer’s books', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'finance', '/admin/payouts')
    await page.locator('select[name=profile] option[value=demo-csv]').waitFor({ state: 'attached' })
    await page.locator('select[name=profile]').selectOption('demo-csv')
    await page.locator('form.draft select').first().selectOption('PROPERTY')
    await page.locator('form.draft button[type=submit]').click()
    await stateIs(page, 'DRAFT')
    await move(page, 'review')
    await stateIs(page, 'REVIEWED')
    await move(page, 'openNotice')
    await stateIs(page, 'NOTICE_OPEN')
    const path = new URL(page.url()).pathname
    office.clock.setWall(office.clock.now() + 14 * 86_400_000)
    await signInAt(page, office.url, 'finance', path)
    await move(page, 'closeNotice')
    await stateIs(page, 'NOTICE_CLOSED')
    await signInAt(page, office.url, 'approver', path)
    await move(page, 'approve')
    await stateIs(page, 'APPROVED')
    await signInAt(page, office.url, 'releaser', path)
    await move(page, 'release')
    await move(page, 'export')
    await stateIs(page, 'EXPORTED')
    const file = await downloadFile(page)
    await openTab(page, 'returns')
    await uploadAnswer(page, bankAnswer(file))
    await page.locator('[data-testid=return-preview]').waitFor()
    await move(page, 'import')
    await stateIs(page, 'BANK_RETURNED')
    expect(await page.locator('[data-testid=differences]').innerText()).toContain('还差 ¥0.00')

    await page.context().clearCookies()
    await page.goto(`${office.url}/farmer`)
    await page.locator('#login').fill('farmer')
    await page.locator('#password').fill('farmer-huinong')
    await page.locator('button[type=submit]').click()
    await page.locator('article', { hasText: '分红' }).first().waitFor()
    expect(window.complaints).toEqual([])
  })
})
