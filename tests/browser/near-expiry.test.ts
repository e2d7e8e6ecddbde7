// Goods near their date at the administration's pages: a price that is down, a donation taken up, and the rules changed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { desk as desktop, findBarriers, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { openDemoDesk, signInAt, type DemoDesk } from '#tests/support/demo-desk.ts'

let desk: DemoDesk
let browser: TestBrowser

beforeAll(async () => {
  desk = await openDemoDesk()
  browser = await startBrowser()
}, 240_000)
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await desk?.[Symbol.asyncDispose]()
}, 60_000)

describe('goods near their date', { timeout: 180_000 }, () => {
  it('are cheaper, given away by a person, and follow rules that refuse a later step which takes less off', async () => {
    await desk.shelve(12)
    // Plums keep five days; what was forecast covers the first fortnight.
    desk.clock.setWall(desk.clock.now() + 4 * 86_400_000)
    await desk.climbLadder()
    await using window = await browser.openWindow(desktop)
    const { page } = window
    const barriers: string[] = []
    await signInAt(page, desk.url, 'operator', '/admin/near-expiry')
    const donation = page.locator('tbody tr', { hasText: '捐赠' }).first()
    await donation.waitFor()
    barriers.push(...(await findBarriers(page)))
    await donation.locator('summary', { hasText: '采纳捐赠' }).click()
    const form = donation.locator('form[data-move=accept]')
    await form.locator('[name=recipient]').fill('统景镇敬老院')
    await form.locator('[name=note]').fill('临期，送到食堂')
    const open = await page.locator('tbody tr').count()
    await form.locator('button').click()
    await expect.poll(() => page.locator('tbody tr').count()).toBe(open - 1)
    await page.locator('[name=state]').selectOption('accepted')
    await page.locator('tbody tr', { hasText: '临期，送到食堂' }).waitFor()

    await page.goto(`${desk.url}/admin/near-expiry?tab=prices&lang=en`, { waitUntil: 'networkidle' })
    const down = page.locator('tbody tr', { hasText: '%' }).first()
    await down.waitFor()
    expect(await down.innerText()).toContain('down now')
    barriers.push(...(await findBarriers(page)))

    await page.locator('[data-tab=rules]').click()
    const fruit = page.locator('fieldset', { hasText: 'fruit' })
    const percents = fruit.locator('input[max="90"]')
    await expect.poll(() => percents.count()).toBe(3)
    await percents.nth(1).fill('10')
    const save = page.locator('form[data-move=save]')
    await save.locator('input').fill('second step')
    await save.locator('button').click()
    await page.locator('[role=alert]').waitFor()
    await percents.nth(1).fill('35')
    await save.locator('button').click()
    await page.locator('[role=status]', { hasText: 'Saved' }).waitFor()
    barriers.push(...(await findBarriers(page)))
    await page.reload({ waitUntil: 'networkidle' })
    await expect.poll(() => percents.nth(1).inputValue()).toBe('35')

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('keep their rules when the page could not read them: what holds must be seen before it is replaced', async () => {
    await using window = await browser.openWindow(desktop)
    const { page } = window
    await signInAt(page, desk.url, 'operator', '/admin/near-expiry')
    await page.route('**/api/ladder-rules', (route) => route.abort())
    await page.locator('[data-tab=rules]').click()
    const retry = page.locator('main button', { hasText: '重试' })
    await retry.waitFor()

    expect(await page.locator('form[data-move=save]').count()).toBe(0)

    await page.unroute('**/api/ladder-rules')
    await retry.click()
    await page.locator('form[data-move=save]').waitFor()
    expect(await page.locator('fieldset').count()).toBeGreaterThan(0)
  })
})
