// Unsold produce at the surplus desk: reported, matched with buyers, delivered and booked, until nothing is left.
import type { Page } from 'playwright-core'
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

const tenDaysOn = () => new Date(office.clock.now() + 10 * 86_400_000).toISOString().slice(0, 10)

async function report(page: Page, householdCode: string, product: string, kilograms: string) {
  const summary = page.locator('summary', { hasText: '登记滞销' })
  if (!(await page.locator('input[name=household]').isVisible())) await summary.click()
  await page.locator('input[name=household]').fill(householdCode)
  await page.locator('input[name=product]').fill(product)
  await page.locator('input[name=kilograms]').fill(kilograms)
  await page.locator('input[name=deadline]').fill(tenDaysOn())
  await page.locator('[data-move=report]').click()
}

describe('the surplus desk', { timeout: 120_000 }, () => {
  it('sells two households’ produce in one order, escalates what is left, and closes at zero', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const [first, second] = office.data.households
    await signInAt(page, office.url, 'operator', '/admin/surplus')
    await page.locator('[data-testid=open-notices]').waitFor()
    const before = Number(await page.locator('[data-testid=open-notices]').innerText())
    await report(page, first?.householdCode ?? '', '示例萝卜', '300')
    await page.locator('tbody tr', { hasText: '示例萝卜' }).first().waitFor()
    await report(page, second?.householdCode ?? '', '示例萝卜', '200.5')
    await page.locator('tbody tr', { hasText: '200.5 kg' }).waitFor()
    expect(await page.locator('[data-testid=open-notices]').innerText()).toBe(String(before + 2))
    const barriers = await findBarriers(page)

    await page.locator('tr', { hasText: '300 kg' }).locator('input.take').fill('100')
    await page.locator('tr', { hasText: '200.5 kg' }).locator('input.take').fill('200.5')
    await page.locator('input[name=buyer]').fill('区医院食堂')
    await page.locator('input[name=price]').fill('2.40')
    expect(await page.locator('[data-testid=chosen]').innerText()).toBe('2 户，共 300.5 公斤，约 ¥721.20')
    await page.locator('[data-move=agree]').dblclick()
    await page.locator('tr', { hasText: '已有买家 100 kg' }).waitFor()

    await page.locator('[data-tab=lines]').click()
    await page.locator('[data-move=deliver]').first().click()
    await page.locator('tbody tr', { hasText: '已交货' }).nth(1).waitFor()
    expect(await page.locator('[data-move=deliver]').count()).toBe(0)
    barriers.push(...(await findBarriers(page)))

    await page.locator('[data-tab=notices]').click()
    await page.locator('tr', { hasText: '300 kg' }).locator('a').click()
    await page.locator('[data-testid=left]', { hasText: '200 kg' }).waitFor()
    await page.locator('input[name=why]').fill('镇里帮着找')
    await page.locator('[data-move=escalate]').click()
    await page.locator('[aria-current=step]', { hasText: '镇' }).waitFor()
    barriers.push(...(await findBarriers(page)))
    await page.goto(`${office.url}/admin/surplus`)
    await page.locator('tr', { hasText: '300 kg' }).locator('input.take').fill('200')
    await page.locator('input[name=buyer]').fill('城区经销商')
    await page.locator('input[name=price]').fill('2')
    await page.locator('select[name=channel]').selectOption('DEALER')
    await page.locator('[data-move=agree]').click()
    await page.locator('tr', { hasText: '已有买家 200 kg' }).locator('a').click()
    await page.locator('[data-move=deliver]').click()
    await page.locator('[data-testid=closed]').waitFor()
    expect(await page.locator('[data-testid=left]').innerText()).toBe('0 kg')

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('records what a buyer paid, and takes back what was recorded wrongly', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'operator', '/admin/surplus')
    await report(page, office.data.households[3]?.householdCode ?? '', '示例土豆', '100')
    await page.locator('tr', { hasText: '示例土豆' }).locator('input.take').fill('100')
    await page.locator('input[name=buyer]').fill('区中医院食堂')
    await page.locator('input[name=price]').fill('2')
    await page.locator('[data-move=agree]').click()
    await page.locator('tr', { hasText: '已有买家 100 kg' }).waitFor()
    await page.locator('[data-tab=lines]').click()
    await page.locator('tr', { hasText: '区中医院食堂' }).locator('[data-move=deliver]').click()
    await page.locator('tr', { hasText: '区中医院食堂' }).locator('.tag', { hasText: '已交货' }).waitFor()

    await signInAt(page, office.url, 'finance', '/admin/surplus')
    await page.locator('[data-tab=unpaid]').click()
    await page.locator('a', { hasText: '区中医院食堂' }).waitFor()
    const barriers = await findBarriers(page)
    await page.locator('a', { hasText: '区中医院食堂' }).click()
    await page.locator('[data-testid=owed]', { hasText: '¥200.00' }).waitFor()
    await page.locator('summary', { hasText: '登记收款' }).click()
    await page.locator('input[name=amount]').fill('200')
    await page.locator('input[name=reference]').fill('20261127-9')
    await page.locator('input[name=paid-on]').fill(new Date(office.clock.now()).toISOString().slice(0, 10))
    await page.locator('[data-move=record]').dblclick()
    await page.locator('[data-testid=owed]', { hasText: '¥0.00' }).waitFor()
    barriers.push(...(await findBarriers(page)))
    await page.locator('summary', { hasText: '撤回' }).click()
    await page.locator('input[name=why]').fill('记错订单')
    await page.locator('[data-move=take-back]').dblclick()
    await page.locator('[data-state=taken-back]').waitFor()
    await page.locator('[data-testid=owed]', { hasText: '¥200.00' }).waitFor()

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('says what is wrong: more than is left, and a dead link', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'operator', '/admin/surplus')
    await report(page, office.data.households[2]?.householdCode ?? '', '示例白菜', '50')
    const row = page.locator('tr', { hasText: '示例白菜' })
    await row.locator('input.take').fill('51')
    await page.locator('input[name=buyer]').fill('区医院食堂')
    await page.locator('input[name=price]').fill('2.40')
    await page.locator('[data-move=agree]').click()
    await page.locator('[role=alert]', { hasText: '超过了剩下的' }).waitFor()
    await page.goto(`${office.url}/admin/surplus/01900000-0000-7000-8000-000000000000`)
    await page.locator('[role=alert]', { hasText: '没有这条滞销信息' }).waitFor()

    expect(window.complaints).toEqual([])
  })
})
