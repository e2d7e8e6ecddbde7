// The desks of the administration in both languages: what each shows, silently and without barriers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { desk as deskSize, findBarriers, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { openDemoDesk, signInAt, type DemoDesk } from '#tests/support/demo-desk.ts'

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

describe('the desks', { timeout: 90_000 }, () => {
  it('open in Chinese and English without a barrier or a complaint', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'admin')
    const barriers: string[] = []
    for (const language of ['zh', 'en']) {
      for (const path of ['warnings', 'reconciliation', 'audit', 'organisations', 'distributions', 'payouts']) {
        await page.goto(`${office.url}/admin/${path}?lang=${language}`, { waitUntil: 'networkidle' })
        await page.locator('h1').waitFor()
        barriers.push(...(await findBarriers(page)).map((barrier) => `${path} ${language}: ${barrier}`))
        expect(await page.locator('[role=alert]').count()).toBe(0)
      }
    }

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('prove the audit trail, and name each wrong row of a statement', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'admin', '/admin/audit')
    await page.locator('.panel button.solid').click()
    await page.locator('[data-testid=whole]', { hasText: '留痕完整' }).waitFor()
    await page.goto(`${office.url}/admin/reconciliation`)
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\r\n1,2\r\n') })
    await page.locator('[role=alert]').waitFor()

    expect(await page.locator('.problem-note').innerText()).not.toBe('')
    expect(window.complaints).toEqual([])
  })

  it('take a statement back that was the wrong one, at any width', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const file = {
      name: 'a.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('流水号,交易日期,金额\r\nT1,2026-03-01,12.34\r\n'),
    }
    await signInAt(page, office.url, 'finance', '/admin/reconciliation')
    await page.locator('input[type=file]').setInputFiles(file)
    const statements = page.locator('[data-testid=statements]')
    await statements.locator('summary').click()
    await statements.locator('form input').fill('传错了账户的对账单')
    const barriers: string[] = []
    for (const width of [390, 820, 1440]) {
      await page.setViewportSize({ width, height: 900 })
      barriers.push(...(await findBarriers(page)).map((barrier) => `${width}: ${barrier}`))
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    }
    await statements.locator('form button').click()
    await statements.locator('.tag', { hasText: '已撤回' }).waitFor()
    await page.locator('.tag', { hasText: '已自动对上' }).waitFor()
    await page.locator('input[type=file]').setInputFiles(file)
    await statements.locator('summary').waitFor()

    expect(await statements.innerText()).toContain('传错了账户的对账单')
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })
})
