// Accounts at the administration: made, locked, given another role and a new password, signed out everywhere.
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

describe('an account', { timeout: 120_000 }, () => {
  it('is made, signs in with its one-time password, and is locked and given a new one', async () => {
    await using window = await browser.openWindow(deskSize)
    await using other = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'admin', '/admin/accounts')
    await page.locator('summary').click()
    await page.locator('input[name=login]').fill('town.desk')
    await page.locator('input[name=name]').fill('大盛镇专班')
    await page.locator('[data-role=desk]').check()
    await page.locator('input[name=area]').fill('500112142')
    const barriers = await findBarriers(page)
    await page.locator('[data-move=create]').dblclick()
    const password = await page.locator('[data-testid=one-time-password]').innerText()

    const signIn = async (secret: string) => {
      await other.page.goto(`${office.url}/admin/sign-in`)
      await other.page.locator('#login').fill('town.desk')
      await other.page.locator('#password').fill(secret)
      await other.page.locator('button[type=submit]').click()
    }
    await signIn(password)
    await other.page.locator('#new-password').waitFor()

    await page.locator('select[name=role]').selectOption('desk')
    await page.locator('tbody tr', { hasText: 'town.desk' }).locator('a').click()
    await page.locator('[data-active=true]').waitFor()
    barriers.push(...(await findBarriers(page)))
    await page.locator('[data-move=end-sessions]').click()
    await page.locator('[data-testid=said]', { hasText: '已退出 1 处' }).waitFor()
    await page.locator('[data-role=helper]').check()
    await page.locator('[data-move=save]').click()
    await page.locator('[data-testid=said]', { hasText: '要重新登录' }).waitFor()
    await page.locator('[data-move=reset]').click()
    const renewed = await page.locator('[data-testid=one-time-password]').innerText()
    expect(renewed).not.toBe(password)
    await page.locator('[data-move=lock]').click()
    await page.locator('[data-active=false]').waitFor()
    await signIn(renewed)
    await other.page.locator('[role=alert]').waitFor()

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('of the last administrator cannot be locked, and an auditor only looks', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'admin', '/admin/accounts')
    const others = page
      .locator('tbody tr', { hasText: '管理员', hasNotText: '停用' })
      .filter({ hasNot: page.locator('a', { hasText: /^admin$/ }) })
    for (;;) {
      await page.locator('tbody tr').first().waitFor()
      await page.locator('select[name=role]').selectOption('admin')
      // The list before the choice holds others too: it is gone when none of them is left.
      await page.locator('tbody tr', { hasNotText: '管理员' }).first().waitFor({ state: 'detached' })
      await page.locator('tbody tr').first().waitFor()
      if ((await others.count()) === 0) break
      await others.first().locator('a').click()
      await page.locator('[data-move=lock]').click()
      await page.locator('[data-active=false]').waitFor()
      await page.goBack()
    }
    await page.locator('tbody tr a', { hasText: /^admin$/ }).click()
    await page.locator('[data-move=lock]').click()
    await page.locator('[role=alert]', { hasText: '最后一位管理员' }).waitFor()

    await signInAt(page, office.url, 'auditor', new URL(page.url()).pathname)
    await page.locator('[data-active=true]').waitFor()
    expect(await page.locator('[data-move]').count()).toBe(0)
    expect(window.complaints).toEqual([])
  })
})
