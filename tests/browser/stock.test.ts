// A lot of the running demo counted at the administration's pages: what is missing is explained, and stays on record.
import type { Page } from 'playwright-core'
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

async function sumOf(page: Page, name: string): Promise<number> {
  return Number.parseInt(await page.locator(`[data-sum=${name}] dd`).innerText(), 10)
}

describe('the stock of a lot', { timeout: 180_000 }, () => {
  it('adds up; what a count misses stands out until somebody bears it', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    const barriers: string[] = []
    await signInAt(page, demo.baseUrl, 'admin', '/admin/lots')
    const rows = page.locator('tbody tr')
    await rows.first().waitFor()
    const stocks = await rows.evaluateAll((found) =>
      found.map((row) => (row.querySelector('td.right')?.textContent ?? '').split('/').map(Number)),
    )
    const index = stocks.findIndex(([left = 0, received = 0]) => left < received)
    await rows.nth(index).locator('a').click()
    await page.locator('[data-testid=stock]').waitFor()
    const names = ['atDepot', 'inLanes', 'sold', 'missing', 'wasted', 'shrunk', 'donated']
    let sum = 0
    for (const name of names) sum += await sumOf(page, name)
    expect(sum).toBe(await sumOf(page, 'received'))
    const before = await sumOf(page, 'missing')

    await page.locator('[data-testid=book-stock] summary').click()
    const form = page.locator('[data-testid=book-stock] form')
    const option = await form.locator('select[name=lane] option').first().innerText()
    const inLane = Number(/\((\d+)\)/.exec(option)?.[1])
    await form.locator('input[name=units]').fill(String(inLane - 1))
    await form.locator('input[name=reason]').fill('月末盘点')
    barriers.push(...(await findBarriers(page)))
    await form.locator('button[type=submit]').click()
    await page.locator('[data-sum=missing] .is-bad').waitFor()
    expect(await sumOf(page, 'missing')).toBe(before + 1)

    await form.locator('select[name=move]').selectOption('shrink')
    await form.locator('input[type=checkbox]').check()
    await form.locator('input[name=units]').fill('1')
    await form.locator('input[name=reason]').fill('找不到了')
    await form.locator('button[type=submit]').click()
    await expect.poll(() => sumOf(page, 'missing')).toBe(before)
    await page.locator('tbody tr', { hasText: '找不到了' }).waitFor()
    await page.goto(`${page.url()}?lang=en`, { waitUntil: 'networkidle' })
    barriers.push(...(await findBarriers(page)))

    await page.goto(`${demo.baseUrl}/admin/losses?lang=en`)
    expect(await page.locator('tbody tr', { hasText: '找不到了' }).innerText()).toContain('Shrink')
    barriers.push(...(await findBarriers(page)))
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })
})
