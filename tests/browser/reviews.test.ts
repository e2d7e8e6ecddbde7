// The review queue on the demo: a swap at a virtual cabinet, seen as curves, decided by a person who works by keyboard.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { desk, findBarriers, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { signInAt } from '#tests/support/demo-desk.ts'
import { startDemoProcess, type DemoProcess } from '#tests/support/demo-process.ts'
import { leaveInReview } from '#tests/support/demo-review.ts'

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

describe('a session in review', { timeout: 180_000 }, () => {
  it('shows the curve of the lane, is decided by keyboard, never upwards, and leads to the next', async () => {
    const [first = '', second = ''] = demo.cabinetCodes
    const earlier = await leaveInReview(demo.baseUrl, 'buyer1', first)
    const later = await leaveInReview(demo.baseUrl, 'buyer2', second)
    expect([earlier.state, later.state]).toEqual(['review', 'review'])
    await using window = await browser.openWindow(desk)
    const { page } = window
    const barriers: string[] = []
    await signInAt(page, demo.baseUrl, 'operator', '/admin/sessions/reviews')

    const waiting = page.locator('tbody tr')
    await waiting.nth(1).waitFor()
    expect(await waiting.first().innerText()).toContain(first)
    barriers.push(...(await findBarriers(page)))
    await waiting.first().locator('a').press('Enter')
    const curve = page.locator('[data-testid=curves] figure').first()
    await curve.locator('canvas').waitFor()
    expect(await curve.locator('.steps li').count()).toBeGreaterThanOrEqual(1)
    expect(await curve.locator('[role=img]').getAttribute('aria-label')).toContain('开门前')
    expect(await curve.innerText()).not.toContain('只有记下的重量')
    barriers.push(...(await findBarriers(page)))
    await page.goto(`${page.url()}?lang=en`, { waitUntil: 'networkidle' })
    await curve.locator('canvas').waitFor()
    barriers.push(...(await findBarriers(page)))

    // Without a reason nothing happens but a sentence; the last explanation charges nothing.
    const form = page.locator('form.review')
    await form.locator('input[type=radio]').first().focus()
    await page.keyboard.press('ArrowUp')
    expect(await form.locator('input[type=radio]').last().isChecked()).toBe(true)
    const reason = form.locator('input[maxlength="500"]')
    await reason.press('Enter')
    await form.locator('[role=alert]', { hasText: 'Give a reason' }).waitFor()
    await reason.fill('seen on the camera: put back')
    await reason.press('Enter')
    await page.locator('[data-testid=decided]').waitFor()
    await page.locator('h1:focus').waitFor()

    await page.locator('[data-testid=next-review]').press('Enter')
    await page.locator('h1', { hasText: second }).waitFor()
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('is one line in the list that leaves as a file', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    await signInAt(page, demo.baseUrl, 'operator', '/admin/sessions')
    const sorted = page.locator('th[aria-sort]')
    await page.locator('tbody tr').first().waitFor()
    expect(await sorted.getAttribute('aria-sort')).toBe('descending')
    await sorted.locator('button').click()
    expect(await sorted.getAttribute('aria-sort')).toBe('ascending')
    const downloading = page.waitForEvent('download')
    await page.locator('[data-testid=export]').click()
    const text = await readFile(await (await downloading).path(), 'utf8')

    const lines = text.trimEnd().split('\r\n')
    // With a byte order mark: spreadsheets know Chinese by it.
    expect(lines[0]).toBe('\ufeff时间,柜子,类别,买家,状态,原因,冻结,金额')
    expect(lines.length).toBe(1 + (await page.locator('tbody tr').count()))
    expect(window.complaints).toEqual([])
  })
})
