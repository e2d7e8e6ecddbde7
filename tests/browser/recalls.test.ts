// A lot of the running demo recalled at the administration's pages: locked everywhere, money back, closed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { desk, findBarriers, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { signInAt } from '#tests/support/demo-desk.ts'
import { startDemoProcess, type DemoProcess } from '#tests/support/demo-process.ts'

let demo: DemoProcess
let browser: TestBrowser

beforeAll(async () => {
  demo = await startDemoProcess()
  browser = await startBrowser()
}, 240_000)
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await demo?.[Symbol.asyncDispose]()
}, 60_000)

describe('a recall', { timeout: 180_000 }, () => {
  it('locks every lane with the lot, names its buyers when asked, gives the money back and refuses to end too early', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    const barriers: string[] = []
    await signInAt(page, demo.baseUrl, 'admin', '/admin/lots')
    // Something that lies in a lane: the depot has given units of it away.
    const given = page.locator('tbody tr').filter({ hasNotText: /^$/ })
    await given.first().waitFor()
    barriers.push(...(await findBarriers(page)))
    const rows = await given.evaluateAll((found) =>
      found.map((row) => (row.querySelector('td.right')?.textContent ?? '').split('/').map(Number)),
    )
    const index = rows.findLastIndex(([left = 0, received = 0]) => left < received)
    const lot = given.nth(index)
    const traceCode = await lot.locator('td').first().innerText()
    await lot.locator('summary').click()
    await lot.locator('form input').fill('包装上有裂口')
    await lot.locator('form button').click()

    await page.locator('h1', { hasText: traceCode }).waitFor()
    await page.locator('tbody .tag', { hasText: '柜子已锁定' }).first().waitFor({ timeout: 60_000 })
    expect(await page.locator('tbody .tag', { hasText: '等柜子确认' }).count()).toBe(0)
    barriers.push(...(await findBarriers(page)))
    await page.locator('[data-testid=show-buyers]').click()
    const buyers = page.locator('section', { has: page.locator('h2', { hasText: '订单和买家' }) }).last()
    await buyers.locator('tbody tr, .empty').first().waitFor()
    await page.locator('[data-move=refund]').click()
    await page.locator('[data-testid=refunded] .tag', { hasText: '全部退完' }).waitFor()
    const close = page.locator('form[data-move=close]')
    await close.locator('input').fill('以为清完了')
    await close.locator('button').click()
    await page.locator('[role=alert]', { hasText: '货道里还有这一批' }).waitFor()
    await page.goto(`${page.url()}?lang=en`, { waitUntil: 'networkidle' })
    barriers.push(...(await findBarriers(page)))
    await page.goto(`${demo.baseUrl}/admin/recalls?lang=en`, { waitUntil: 'networkidle' })
    expect(await page.locator('tbody tr', { hasText: traceCode }).innerText()).toContain('running')
    barriers.push(...(await findBarriers(page)))

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })
})
