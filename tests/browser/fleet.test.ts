// The fleet at the administration's pages, with the demo's data: the grid of all cabinets.
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

describe('the overview', { timeout: 90_000 }, () => {
  it('shows every cabinet as a square that the keyboard reaches and that says how it stands', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const barriers: string[] = []
    await signInAt(page, office.url, 'operator')
    const squares = page.locator('[data-testid=fleet-grid] a')
    await squares.first().waitFor()
    expect(await squares.count()).toBe(office.data.cabinets.length)
    barriers.push(...(await findBarriers(page)))

    // One stop for the keyboard, however many cabinets; the arrows move inside.
    expect(await page.locator('[data-testid=fleet-grid] a[tabindex="0"]').count()).toBe(1)
    await squares.first().focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowRight')
    const focused = page.locator('[data-testid=fleet-grid] a:focus')
    const label = (await focused.getAttribute('aria-label')) ?? ''
    expect(label).toMatch(/^YB-0002 .+: (正常|离线|计划中|已安装|停用|有告警|门开着)$/)

    await page.locator('[data-condition=offline]').click()
    const offline = await squares.count()
    expect(offline).toBeLessThan(office.data.cabinets.length)
    expect(await page.locator('[data-condition=offline] strong').innerText()).toBe(String(offline))
    await squares.first().focus()
    const code = ((await squares.first().getAttribute('aria-label')) ?? '').slice(0, 7)
    await page.keyboard.press('Enter')
    await page.locator('h1', { hasText: code }).waitFor()
    await page.goBack()
    await page.goto(`${office.url}/admin/?lang=en`, { waitUntil: 'networkidle' })
    barriers.push(...(await findBarriers(page)))

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })
})

describe('what can go wrong around a page', { timeout: 90_000 }, () => {
  it('ends in a sentence that says what to do: an ended sign-in, and no network', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'operator', '/admin/cabinets')
    await page.locator('tbody tr').first().waitFor()
    await window.context.setOffline(true)
    await page.locator('nav a', { hasText: '推送' }).click()
    const note = page.locator('[role=alert]', { hasText: '这一页没有加载出来' })
    await note.waitFor()
    await window.context.setOffline(false)
    await note.locator('button').click()
    await page.locator('h1', { hasText: '推送' }).waitFor()

    await window.context.clearCookies()
    await page.locator('nav a', { hasText: '柜子' }).click()
    const ended = page.locator('[role=alert]', { hasText: '登录已过期。请重新登录，然后' })
    await ended.locator('a').click()
    await page.locator('#login').fill('operator')
    await page.locator('#password').fill('operator-huinong')
    await page.locator('button[type=submit]').click()
    await page.locator('h1', { hasText: '柜子' }).waitFor()
    await page.locator('tbody tr').first().waitFor()
    expect(new URL(page.url()).pathname).toBe('/admin/cabinets')
  })
})
