// The alerts of the demo's fleet at the administration's pages: taken in hand, their rules, and who is told.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { desk as deskSize, findBarriers, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { openDemoDesk, signInAt, type DemoDesk } from '#tests/support/demo-desk.ts'

let office: DemoDesk
let browser: TestBrowser

beforeAll(async () => {
  office = await openDemoDesk()
  browser = await startBrowser()
}, 240_000)
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await office?.[Symbol.asyncDispose]()
}, 60_000)

describe('the alerts', { timeout: 120_000 }, () => {
  it('are taken in hand, changed by rule and sent to somebody, in both languages without a barrier', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const barriers: string[] = []
    await signInAt(page, office.url, 'admin')
    // The demo's live cabinets are not on the air here: that is told once it has held for minutes.
    const tell = async () => {
      office.clock.advance(60_000)
      const response = await page.request.get(`${office.url}/api/alerts?isOpen=true`)
      return ((await response.json()) as { rows: unknown[] }).rows.length
    }
    await expect.poll(tell, { timeout: 30_000 }).toBeGreaterThan(0)
    await page.goto(`${office.url}/admin/alerts`)
    const alert = page.locator('tbody tr', { hasText: '柜子离线' }).first()
    await alert.waitFor()
    barriers.push(...(await findBarriers(page)))
    await alert.getByLabel('说明', { exact: true }).fill('电工已在路上')
    await alert.getByRole('button', { name: '我来处理' }).click()
    await page.locator('tbody tr', { hasText: '电工已在路上' }).locator('.tag', { hasText: '处理中' }).waitFor()

    await page.locator('[data-tab=rules]').click()
    const rule = page.locator('[data-kind=low_stock]')
    await rule.locator('input[type=number]').nth(1).fill('7')
    await rule.locator('button').click()
    await rule.locator('[role=status]').waitFor()
    barriers.push(...(await findBarriers(page)))

    await page.locator('[data-tab=recipients]').click()
    // A headless browser lets no site notify, and is told what to do about it.
    await page.locator('[data-testid=push]', { hasText: '浏览器不允许本站发通知' }).waitFor()
    await page.locator('summary').click()
    await page.locator('input[name=name]').fill('值班')
    await page.locator('select[name=channel]').selectOption('webhook')
    await page.locator('input[name=address]').fill('https://alerts.example.org/hook')
    await page.locator('form button[type=submit]').click()
    await page.locator('tbody tr', { hasText: '值班' }).waitFor()
    await page.locator('[role=status] .code').waitFor()
    barriers.push(...(await findBarriers(page)))
    for (const tab of ['inbox', 'rules', 'recipients']) {
      await page.goto(`${office.url}/admin/alerts?tab=${tab}&lang=en`, { waitUntil: 'networkidle' })
      barriers.push(...(await findBarriers(page)).map((barrier) => `${tab}: ${barrier}`))
    }
    await page.locator('tbody tr', { hasText: '值班' }).locator('button', { hasText: 'Remove' }).click()
    await page.locator('.empty', { hasText: 'No recipients yet' }).waitFor()

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })
})
