// Files at the imports desk: the empty table, a trial that names each wrong row, the import, and what it can take back.
import iconv from 'iconv-lite'
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeXlsx } from '#server/tabular/write-xlsx.ts'
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

const choose = (page: Page, name: string) => page.locator('select[name=desk]').selectOption(name)
const upload = (page: Page, name: string, buffer: Buffer) =>
  page.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer })
const factOf = (page: Page, where: string, fact: string) =>
  page.locator(`[data-testid=${where}] [data-fact=${fact}] dd`).innerText()

describe('the imports desk', { timeout: 120_000 }, () => {
  it('tries a file of wages, names each wrong row, imports the right one, and takes it back', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const [first, second] = office.data.households
    const linesOf = (amount: string) => [
      '户编号,户主,金额,日期,事由',
      `${first?.householdCode},${first?.headName},${amount},2025-11-02,柑橘园采摘`,
      `${second?.householdCode},${second?.headName},1200.50,2025-11-03,柑橘园采摘`,
    ]
    await signInAt(page, office.url, 'finance', '/admin/imports')
    await choose(page, 'wages')
    await page.locator('input[name=title]').fill('十一月工资')
    await page.locator('input[name=document]').fill('大盛〔2026〕工 11 号')
    await page.locator('input[name=total]').fill('2000.50')

    await upload(page, '工资.csv', iconv.encode(linesOf('-800').join('\r\n'), 'gb18030'))
    const faults = page.locator('[data-testid=row-errors] tbody tr')
    await faults.first().waitFor()
    expect(await faults.first().locator('td').allInnerTexts()).toEqual(['2', '金额', '要大于零'])
    expect(await page.locator('[data-testid=preview]').count()).toBe(0)
    const barriers = await findBarriers(page)

    await upload(page, '工资.csv', iconv.encode(linesOf('800').join('\r\n'), 'gb18030'))
    await page.locator('[data-testid=preview]').waitFor()
    expect(await factOf(page, 'preview', 'rows')).toBe('2')
    expect(await factOf(page, 'preview', 'total')).toBe('¥2000.50')
    barriers.push(...(await findBarriers(page)))
    // Twice in a row: the second click finds nothing left to do.
    await page.locator('[data-move=take]').dblclick()
    await page.locator('[data-testid=taken]').waitFor()
    expect(await factOf(page, 'taken', 'rows')).toBe('2')

    await page.locator('[data-move=lines]').click()
    await page.locator('[data-testid=import-lines] tbody tr').nth(1).waitFor()
    await page.locator('input[name=reverse-reason]').fill('发错了')
    await page.locator('[data-move=reverse]').click()
    await page
      .locator('tbody td', { hasText: '¥−2000.50' })
      .or(page.locator('tbody td', { hasText: '−¥2000.50' }))
      .waitFor()
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('takes goods in kind back with a reason, and lets their list come anew', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const list = Buffer.from(`户编号,物资,数量(kg)\r\n${office.data.households[2]?.householdCode},化肥,75\r\n`)
    const bringIn = async (document: string) => {
      await page.locator('input[name=document]').fill(document)
      await upload(page, '化肥.csv', list)
      await page.locator('[data-move=take]').click()
      await page.locator('[data-testid=taken]').waitFor()
      await page.locator('tbody tr', { hasText: document }).waitFor()
    }
    await signInAt(page, office.url, 'operator', '/admin/imports')
    await choose(page, 'in-kind')
    await bringIn('演示文〔2026〕81 号')
    const row = page.locator('tbody tr', { hasText: '81 号' })
    await row.locator('summary').click()
    await row.locator('input').fill('文号写错')
    await row.locator('button').click()
    await page.locator('tbody tr', { hasText: '文号写错' }).locator('td', { hasText: '-75 kg' }).waitFor()
    await bringIn('演示文〔2026〕82 号')

    expect(await findBarriers(page)).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('makes accounts from a workbook and hands out their passwords once', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'admin', '/admin/imports')
    await choose(page, 'accounts')
    const downloading = page.waitForEvent('download')
    await page.locator('a[data-format=csv]').click()
    const template = await readFile(await (await downloading).path(), 'utf8')
    const header = template
      .replace(/^\ufeff/, '')
      .trim()
      .split(',')
    await upload(page, '账号.xlsx', Buffer.from(writeXlsx('a', header, [['new.clerk', '新来的', '财务', '', '', '']])))
    await page.locator('[data-testid=preview]').waitFor()
    await page.locator('[data-move=take]').click()
    await page.locator('[data-testid=taken]').waitFor()
    const saving = page.waitForEvent('download')
    await page.locator('[data-testid=save-passwords]').click()
    const passwords = await readFile(await (await saving).path(), 'utf8')

    expect(passwords).toMatch(/new\.clerk,[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}/)
    expect(window.complaints).toEqual([])
  })

  it('shows each role the tables it may bring in, in both languages, and says when the network is gone', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'operator')
    await page.goto(`${office.url}/admin/imports?lang=en`, { waitUntil: 'networkidle' })
    const offered = await page.locator('select[name=desk] option').allInnerTexts()
    const barriers = await findBarriers(page)
    await page.goto(`${office.url}/admin/imports?lang=zh`, { waitUntil: 'networkidle' })
    await page.locator('input[name=reason]').fill('动态调整')
    await window.context.setOffline(true)
    await upload(page, '名册.csv', Buffer.from('户编号\r\n1\r\n'))
    await page.locator('[role=alert]', { hasText: '网络不通' }).waitFor()

    expect(offered).toEqual(['Household register', 'Goods in kind (fertiliser, seed)'])
    expect(barriers).toEqual([])
  })
})
