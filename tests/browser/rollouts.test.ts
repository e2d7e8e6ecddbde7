// A change of prices rolled out over the running demo's cabinets, paused, resumed and put back; and the upload of an agent.
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

const stateIs = (page: Page, state: string) => page.locator(`[data-state=${state}]`).waitFor({ timeout: 60_000 })
async function move(page: Page, name: string) {
  const form = page.locator(`[data-move=${name}]`)
  await form.locator('input').fill('test of the page')
  await form.locator('button').click()
}
async function readShelf(page: Page, code: string): Promise<Shelf> {
  const response = await page.request.get(`${demo.baseUrl}/api/cabinets/by-code/${code}/shelf`)
  return (await response.json()) as Shelf
}

describe('the roll-out pages', { timeout: 240_000 }, () => {
  it('change a price everywhere in waves, and put each cabinet’s own back', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    const barriers: string[] = []
    const [first = '', second = ''] = demo.cabinetCodes
    const lane = (await readShelf(page, first)).lanes[0]
    const priceFen = async (code: string) =>
      (await readShelf(page, code)).lanes.find(({ skuId }) => skuId === lane?.skuId)?.priceFen
    const before = await priceFen(first)
    await signInAt(page, demo.baseUrl, 'operator', '/admin/rollouts')
    await page.locator('[data-testid=make-rollout] summary').click()
    const form = page.locator('[data-testid=make-rollout] form')
    await form.locator('input[name=title]').fill('梨橙降价')
    await form.locator(`option[value="${lane?.skuId}"]`).waitFor({ state: 'attached' })
    await form.locator('select[name=sku]').selectOption(lane?.skuId ?? '')
    await form.locator('input[name=price]').fill('1.23')
    barriers.push(...(await findBarriers(page)))

    // A code that no cabinet has starts nothing.
    await form.locator('textarea[name=codes]').fill(`${first}, ${second}, YB-9999`)
    await form.locator('button[type=submit]').click()
    await page.locator('[role=alert]', { hasText: 'YB-9999' }).waitFor()
    await form.locator('textarea[name=codes]').fill(`${first}, ${second}`)
    await form.locator('button[type=submit]').click()
    await stateIs(page, 'running')
    await move(page, 'pause')
    await stateIs(page, 'paused')
    await move(page, 'resume')
    await stateIs(page, 'done')
    expect(await page.locator('tbody .tag.is-good').count()).toBe(2)
    expect(await priceFen(first)).toBe(123)
    barriers.push(...(await findBarriers(page)))
    await page.goto(`${page.url()}?lang=en`, { waitUntil: 'networkidle' })
    barriers.push(...(await findBarriers(page)))

    await move(page, 'revert')
    await stateIs(page, 'reverted')
    expect(await priceFen(first)).toBe(before)
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('take an agent’s bundle in, once, and say how far its upload is', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    await signInAt(page, demo.baseUrl, 'admin', '/admin/agent-releases')
    const pick = () =>
      page.locator('input[type=file]').setInputFiles({
        name: 'agent.mjs',
        mimeType: 'text/javascript',
        buffer: Buffer.from(`// ${'x'.repeat(2_000_000)}\n`),
      })
    await page.locator('input[type=file]').waitFor({ state: 'attached' })
    await pick()
    await page.locator('[role=alert]', { hasText: '请先填版本号' }).waitFor()
    await page.locator('input[name=version]').fill('9.0.0')
    await pick()
    await page.locator('[data-testid=uploaded]').waitFor()
    expect(await page.locator('tbody tr').first().innerText()).toContain('2.0 MB')
    await page.locator('input[name=version]').fill('9.0.0')
    await pick()
    await page.locator('[role=alert]', { hasText: '请换一个版本号' }).waitFor()

    expect(await findBarriers(page)).toEqual([])
    expect(window.complaints).toEqual([])
  })
})
