// The farmer's own books and what is open to everybody, in a real browser.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { desk as deskSize, findBarriers, phone, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { openDemoDesk, type DemoDesk } from '#tests/support/demo-desk.ts'

let office: DemoDesk
let browser: TestBrowser

beforeAll(async () => {
  office = await openDemoDesk()
  await office.earn(office.data.households.length, 8_800)
  browser = await startBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await office?.[Symbol.asyncDispose]()
}, 60_000)

describe('the farmer’s page', { timeout: 60_000 }, () => {
  it('shows the own household’s income, helper and six ones after signing in', async () => {
    await using window = await browser.openWindow(phone)
    const { page } = window
    await page.goto(`${office.url}/farmer`)
    await page.locator('#login').fill('farmer')
    await page.locator('#password').fill('wrong')
    await page.locator('button[type=submit]').click()
    await page.locator('[role=alert]', { hasText: '请核对后再试' }).waitFor()
    await page.locator('#password').fill('farmer-huinong')
    await page.locator('button[type=submit]').click()
    await page.locator('[data-testid=six-ones] li').first().waitFor()

    expect(await page.locator('[data-testid=income-total]').innerText()).toBe('¥88.00')
    expect(await page.locator('[data-testid=helper]').innerText()).toMatch(/^\S+ · \S+$/)
    expect(await page.locator('[data-testid=six-ones] li').count()).toBe(6)
    expect(await findBarriers(page)).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('says why when it asks to sign in again', async () => {
    await using window = await browser.openWindow(phone)
    const { page } = window
    await page.goto(`${office.url}/farmer`)
    await page.locator('#login').fill('farmer')
    await page.locator('#password').fill('farmer-huinong')
    expect(await page.locator('[data-testid=lapsed]').count()).toBe(0)
    await page.locator('button[type=submit]').click()
    await page.locator('[data-testid=six-ones] li').first().waitFor()
    await window.context.clearCookies()
    await page.reload()

    await page.locator('[data-testid=lapsed]', { hasText: '登录已过期' }).waitFor()
    expect(await findBarriers(page)).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('accepts a call to harvest for fewer units without a network, and sends the answer once there is one', async () => {
    await using window = await browser.openWindow(phone)
    const { page } = window
    await page.goto(`${office.url}/farmer`)
    await page.locator('#login').fill('farmer')
    await page.locator('#password').fill('farmer-huinong')
    await page.locator('button[type=submit]').click()
    await page.locator('[data-testid=call] [data-move=accept]').waitFor()
    await page.locator('[data-testid=lot]').first().waitFor()
    await page.locator('[data-testid=kept]').waitFor()
    expect(window.complaints).toEqual([])

    await window.context.setOffline(true)
    await page.reload()
    await page.locator('[data-testid=offline]').waitFor()
    await page.locator('[data-move=fewer]').click()
    const fewer = /\d+/.exec(await page.locator('[data-move=accept]').innerText())?.[0] ?? ''
    await page.locator('[data-move=accept]').click()
    await page.locator('[data-testid=waiting]', { hasText: `${fewer} 件` }).waitFor()
    expect(await findBarriers(page)).toEqual([])
    await window.context.setOffline(false)
    await page.locator('[data-testid=accepted]').waitFor()
    expect(await page.locator('[data-testid=call] strong').innerText()).toContain(` ${fewer} 件`)

    await page.locator('header button', { hasText: '退出' }).click()
    await page.locator('#login').waitFor()
    expect(await page.evaluate(() => localStorage.getItem('huinong.farmer'))).toBeNull()
  })
})

describe('the open books', { timeout: 60_000 }, () => {
  it('show notices and days to anybody, and tell a false proof in a sentence', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    for (const language of ['zh', 'en']) {
      await page.goto(`${office.url}/disclosure?lang=${language}`)
      await page.locator('h2').first().waitFor()
      expect(await findBarriers(page)).toEqual([])
    }
    await page.goto(`${office.url}/disclosure?lang=zh`)
    await page.locator('#proof').fill('{"format":"huinong-income-proof-1"}')
    await page.locator('button.check').first().click()
    await page.locator('[data-testid=verdict]', { hasText: '不是收入证明' }).waitFor()

    expect(window.complaints).toEqual([])
  })

  it('show whether the money is accounted for and what reached households, of nobody’s fewer than five', async () => {
    await using window = await browser.openWindow(phone)
    const { page } = window
    await office.publishMonth()
    await page.goto(`${office.url}/disclosure?lang=zh`)
    await page.locator('[data-testid=money-status] li').first().waitFor()
    await page.locator('[data-testid=impact] tbody tr').first().waitFor()
    const barriers = await findBarriers(page)
    const counts = await page.locator('[data-testid=impact] tbody td:nth-child(3)').allInnerTexts()
    const text = await page.locator('main').innerText()

    expect(counts.every((count) => Number(count) >= 5)).toBe(true)
    expect(text).not.toMatch(/\d{15}/)
    for (const { headName } of office.data.households.slice(0, 50)) expect(text).not.toContain(headName)
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })
})
