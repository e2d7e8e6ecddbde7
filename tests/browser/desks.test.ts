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
})
