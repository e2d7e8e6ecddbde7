// One cabinet of the running demo, looked after at the administration's pages: tested, locked, let go, and planned anew.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import type { Shelf } from '#shared/contracts/http/shelf.ts'
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

async function readShelf(page: Page, code: string): Promise<Shelf> {
  const response = await page.request.get(`${demo.baseUrl}/api/cabinets/by-code/${code}/shelf`)
  return (await response.json()) as Shelf
}
const open = (page: Page, tab: string) => page.locator(`[data-tab=${tab}]`).click()

describe('the page of a cabinet', { timeout: 180_000 }, () => {
  it('tests it, locks a lane and lets it go, in Chinese and English without a barrier', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    const { cabinetId } = await readShelf(page, demo.cabinetCodes[0] ?? '')
    await signInAt(page, demo.baseUrl, 'operator', `/admin/cabinets/${cabinetId}`)
    const tabs = ['lanes', 'twin', 'locks', 'commands', 'selfTests', 'scales', 'sessions', 'planogram']
    const barriers: string[] = []
    for (const language of ['zh', 'en']) {
      for (const tab of tabs) {
        await page.goto(`${demo.baseUrl}/admin/cabinets/${cabinetId}?tab=${tab}&lang=${language}`)
        await page.locator(`[data-tab=${tab}][aria-pressed=true]`).waitFor()
        await page.waitForLoadState('networkidle')
        barriers.push(...(await findBarriers(page)).map((barrier) => `${tab} ${language}: ${barrier}`))
        expect(await page.locator('[role=alert]').count()).toBe(0)
      }
    }
    expect(barriers).toEqual([])

    await open(page, 'selfTests')
    await page.locator('[data-testid=run-self-test]').click()
    await page.locator('tbody tr').first().locator('.tag', { hasText: 'done' }).waitFor()
    expect(await page.locator('tbody tr').first().locator('details').innerText()).toMatch(/\d+ of \d+ are well/)

    await open(page, 'locks')
    const form = page.locator('[data-testid=lock-lanes]')
    await page.locator('summary', { hasText: 'Lock lanes by hand' }).click()
    await form.locator('input').fill('a cracked jar')
    await form.locator('button').click()
    await page.locator('[role=alert]', { hasText: 'Choose a lane first' }).waitFor()
    await page.locator('input[value=L02]').check()
    await form.locator('button').click()
    const locked = page.locator('tbody tr', { hasText: 'a cracked jar' })
    await locked.waitFor()
    await locked.locator('input').fill('cleaned')
    await locked.locator('button').click()
    await locked.waitFor({ state: 'detached' })

    expect(window.complaints).toEqual([])
  })

  it('names goods too close in weight before they are saved, and the cabinet takes over what is', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    const code = demo.cabinetCodes[1] ?? ''
    const { cabinetId, lanes } = await readShelf(page, code)
    await signInAt(page, demo.baseUrl, 'operator', `/admin/cabinets/${cabinetId}?tab=planogram`)
    const row = page.locator('tr[data-lane=L01]')
    await row.waitFor()
    const names = lanes.map(({ name }) => name)
    const clash = page.locator('[data-testid=clashes]')
    const before = (await clash.count()) === 0 ? 0 : await clash.locator('li').count()

    // Two goods of 1 kg: the second is chosen for the lane of the first.
    const options = await row.locator('option').allInnerTexts()
    const heavy = options.filter((text) => text.includes('1 kg') && !names.some((name) => text.startsWith(name)))
    await row.locator('select').selectOption({ label: heavy[0] ?? '' })
    await clash.waitFor()
    expect(await clash.locator('li').count()).toBeGreaterThan(before)
    await row.locator('input[type=number]').first().fill('12.34')
    await page.locator('button[type=submit]', { hasText: '保存' }).click()
    await page.locator('[data-testid=saved]').waitFor()

    await open(page, 'twin')
    await page.locator('[data-testid=twin-diff] h2', { hasText: '价格' }).locator('.is-good').waitFor()
    expect((await readShelf(page, code)).lanes.find(({ laneId }) => laneId === 'L01')?.priceFen).toBe(1_234)
    expect(window.complaints).toEqual([])
  })
})
