// An administrator's way to an authenticator app: asked for it, scans, keeps the recovery codes, signs in with a code.
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { desk as deskSize, findBarriers, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { openDemoDesk, signInAt, type DemoDesk } from '#tests/support/demo-desk.ts'

let office: DemoDesk
let browser: TestBrowser

beforeAll(async () => {
  office = await openDemoDesk({ HUINONG_SECOND_FACTOR_ROLES: 'finance' })
  browser = await startBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await office?.[Symbol.asyncDispose]()
}, 60_000)

describe('the second factor', { timeout: 90_000 }, () => {
  it('is set up on the way to the page one wanted, and asked for at the next sign-in', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const barriers: string[] = []
    const codeOf = (secret: string) =>
      new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: office.clock.now() })

    await signInAt(page, office.url, 'finance', '/admin/payouts')
    await page.waitForURL(/\/admin\/security\?next=/)
    barriers.push(...(await findBarriers(page)))
    await page.locator('[data-testid=factor] input[type=password]').fill('finance-huinong')
    await page.locator('[data-testid=factor] button[type=submit]').click()
    const secret = await page.locator('[data-testid=secret]').innerText()
    barriers.push(...(await findBarriers(page)))
    await page.locator('input[name=code]').fill('000000')
    await page.locator('[data-testid=factor] button[type=submit]').click()
    await page.locator('.problem-note').waitFor()
    await page.locator('input[name=code]').fill(codeOf(secret))
    await page.locator('[data-testid=factor] button[type=submit]').click()
    await page.locator('[data-testid=recovery-codes] li').first().waitFor()
    const recovery = await page.locator('[data-testid=recovery-codes] li').allInnerTexts()
    barriers.push(...(await findBarriers(page)))
    await page.locator('[data-testid=factor] button.solid').click()
    await page.waitForURL(/\/admin\/payouts$/)

    office.clock.advance(30_000)
    await page.context().clearCookies()
    await page.goto(`${office.url}/admin/sign-in`)
    await page.locator('#login').fill('finance')
    await page.locator('#password').fill('finance-huinong')
    await page.locator('button[type=submit]').click()
    await page.locator('#code').fill(codeOf(secret))
    await page.locator('button[type=submit]').click()
    await page.locator('.side footer').waitFor()

    expect(recovery).toHaveLength(10)
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })
})
