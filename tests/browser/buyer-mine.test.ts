// What a buyer does beside buying, in a real browser on the real demo: an offline pass with the network cut, a dispute, the impact.
import { readFileSync } from 'node:fs'
import type { FrameLocator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { desk, findBarriers, phone, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
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

async function signIn(place: Page | FrameLocator, login: string): Promise<void> {
  await place.locator('#login').fill(login)
  await place.locator('#password').fill(`${login}-huinong`)
  await place.locator('button[type=submit]').click()
}

describe('a buyer', { timeout: 180_000 }, () => {
  it('gets a pass, shows it on a phone without a network, and opens a cabinet that has none either', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    const code = demo.cabinetCodes[0] ?? ''
    await page.goto(`${demo.baseUrl}/pass`)
    await signIn(page, 'buyer5')
    await page.locator('#pass-cabinet').fill('nonsense')
    await page.locator('form button[type=submit]').click()
    await page.locator('#pass-cabinet-hint', { hasText: 'YB-0001' }).waitFor()
    await page.locator('#pass-cabinet').fill(code)
    await page.locator('form button[type=submit]').dblclick()
    await page.locator('[data-testid=pass] svg').waitFor()
    await page.locator('[data-testid=pass] [role=status]').waitFor()
    expect(await findBarriers(page)).toEqual([])
    expect(window.complaints).toEqual([])

    await window.context.setOffline(true)
    await page.reload()
    await page.locator('[data-testid=pass] svg').waitFor()
    expect(await page.locator('.offline').innerText()).toContain('现在没有网络')
    await window.context.setOffline(false)

    await page.goto(`${demo.baseUrl}/virtual-cabinet?code=${code}`)
    await page.getByRole('switch', { name: /网络/ }).click()
    await page.locator('[data-testid=show-pass]').click()
    await page.locator('[data-testid=reader]', { hasText: 'PASS OPENED' }).waitFor()
    await page.locator('[data-testid=door]').click()
    await page.locator('[data-testid=door-state]', { hasText: '门开着' }).waitFor()
    await page.locator('[data-testid=door]').click()
    await page.getByRole('switch', { name: /网络/ }).click()
  })

  it('disputes a receipt beside its weights, is answered with money back, and sees which villages earned', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    const code = demo.cabinetCodes[1] ?? ''
    await page.goto(`${demo.baseUrl}/virtual-cabinet?code=${code}`)
    const buyer = page.frameLocator('iframe')
    await buyer.locator('.open-bar button').click()
    await signIn(buyer, 'buyer6')
    await buyer.locator('.open-bar button', { hasText: '开门取货' }).click()
    await page.locator('[data-testid=door-state]', { hasText: '锁已弹开' }).waitFor()
    await page.locator('[data-testid=door]').click()
    await buyer.locator('.live-cart.is-open').waitFor()
    await page.locator('[data-lane=L01] .item').first().dragTo(page.locator('[data-testid=hand]'))
    await buyer.locator('.live-cart .lines li').first().waitFor()
    await page.locator('[data-testid=door]').click()
    await buyer.locator('[data-testid=receipt]').waitFor()

    await buyer.locator('.dispute summary').click()
    expect(await buyer.locator('[data-testid=weights] tbody tr').count()).toBe(1)
    await buyer.locator('.dispute button[type=submit]').click()
    await buyer.locator('#complaint-hint', { hasText: '至少 2 个字' }).waitFor()
    await buyer.locator('#complaint').fill('没有拿这一份')
    await buyer.locator('.dispute button[type=submit]').click()
    expect(await buyer.locator('[data-testid=dispute]').innerText()).toContain('没有拿这一份')

    await using office = await browser.openWindow(desk)
    await signInAt(office.page, demo.baseUrl, 'finance', '/admin/disputes')
    expect(await findBarriers(office.page)).toEqual([])
    await office.page.locator('tbody tr', { hasText: '没有拿这一份' }).locator('a').click()
    await office.page.locator('[data-testid=weights] tbody tr').waitFor()
    const answer = office.page.locator('[data-testid=answer]')
    await answer.locator('tbody button').click()
    await answer.locator('button[type=submit]').click()
    await answer.locator('[role=alert]', { hasText: '至少 2 个字' }).waitFor()
    expect(await findBarriers(office.page)).toEqual([])
    await answer.locator('textarea').fill('看过录像，确实没有拿')
    await answer.locator('button[type=submit]').click()
    const refunded = await office.page.locator('[data-testid=refunded]').innerText()
    expect(office.complaints).toEqual([])

    await page.goto(`${demo.baseUrl}/history`)
    await page.locator('.rows a').first().click()
    await page.locator('[data-testid=refunds]', { hasText: '看过录像，确实没有拿' }).waitFor()
    expect(await page.locator('[data-testid=refunds]').innerText()).toContain(refunded)

    for (const language of ['zh', 'en']) {
      await page.setViewportSize(phone.viewport ?? { width: 390, height: 844 })
      await page.goto(`${demo.baseUrl}/impact?lang=${language}`)
      await page.locator('[data-testid=impact-total]').waitFor()
      expect(await findBarriers(page)).toEqual([])
    }
    expect(window.complaints).toEqual([])
  })

  it('whose sign-in has ended is told so, signs in again and is back where it was', async () => {
    await using window = await browser.openWindow(phone)
    const { page } = window
    await page.goto(`${demo.baseUrl}/sign-in`)
    await signIn(page, 'buyer7')
    await page.locator('.nearby').waitFor()
    await page.locator('.tabs a').nth(2).click()
    await page.locator('[data-testid=balance]').waitFor()
    await window.context.clearCookies()
    await page.locator('.two a').nth(1).click()

    await page.locator('.expired', { hasText: '登录已过期' }).waitFor()
    await signIn(page, 'buyer7')
    await page.waitForURL(/\/impact$/)
    await page.goBack()
    await page.locator('[data-testid=balance]').waitFor()
    expect(window.complaints).toEqual([])
  })
})

it('the worker that answers offline keeps its hands off every other audience', () => {
  const worker = readFileSync(new URL('../../server/web/public/offline-worker.js', import.meta.url), 'utf8')
  const source = /const others = (\/.+\/)\n/.exec(worker)?.[1] ?? ''
  const others = new RegExp(source.slice(1, -1))

  expect(['/admin', '/admin/payouts', '/api/me', '/disclosure', '/virtual-cabinet'].every((p) => others.test(p))).toBe(
    true,
  )
  expect(['/', '/pass', '/c/YB-0001', '/farmer', '/assets/x.js'].some((path) => others.test(path))).toBe(false)
})
