// A household's page: the register with its history, the help it gets, and its rights to its data, each by whom it is open to.
import { readFile } from 'node:fs/promises'
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

describe('a household’s page', { timeout: 120_000 }, () => {
  it('keeps each change with its reason, and records consents, a reveal and a copy of the data', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const [household] = office.data.households
    await signInAt(page, office.url, 'admin', `/admin/households/${household?.householdCode}`)
    await page.locator('[data-tab=register]').click()
    await page.locator('summary', { hasText: '登记变更' }).click()
    await page.locator('input[name=population]').fill('9')
    await page.locator('input[name=reason]').fill('新添一口人')
    const barriers = await findBarriers(page)
    await page.locator('[data-move=change]').dblclick()
    await page.locator('[data-testid=changes] tr', { hasText: '新添一口人' }).waitFor()
    const offered = page.locator('select[name=helper] option').first()
    const search = page.locator('input[name=helper-search]')
    await offered.waitFor({ state: 'attached' })
    const [name = ''] = (await offered.innerText()).split('（')
    await search.fill('没有这个人')
    await search.blur()
    await offered.waitFor({ state: 'detached' })
    await search.fill(name)
    await search.blur()
    await offered.waitFor({ state: 'attached' })
    await page.locator('select[name=helper]').selectOption({ index: 0 })
    await page.locator('input[name=unit]').fill('区演示局')
    await page.locator('input[name=bind-reason]').fill('新结对')
    await page.locator('[data-move=bind]').click()
    await page.locator('[data-testid=helpers] li', { hasText: `${name} · 区演示局` }).waitFor()
    barriers.push(...(await findBarriers(page)))

    await page.locator('[data-tab=personal]').click()
    const publication = page.locator('[data-purpose=PUBLICATION]')
    await publication.locator('button').click()
    await page.locator('[data-testid=consents] li', { hasText: '公示姓名' }).first().waitFor()
    barriers.push(...(await findBarriers(page)))
    await page.locator('input[name=reveal-reason]').fill('电话通知领取分红')
    await page.locator('[data-move=reveal]').click()
    expect(await page.locator('[data-testid=phone]').innerText()).toMatch(/^1\d{10}$/)
    await page.locator('input[name=download-reason]').fill('本人到村委会申请')
    const downloading = page.waitForEvent('download')
    await page.locator('[data-move=download]').click()
    const copy = JSON.parse(await readFile(await (await downloading).path(), 'utf8')) as { householdCode: string }

    expect(copy.householdCode).toBe(household?.householdCode)
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('is taken out when it was entered by mistake, and not once something is on record for it', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const [household] = office.data.households
    await signInAt(page, office.url, 'operator', `/admin/households/${household?.householdCode}`)
    const takeOut = async (reason: string) => {
      await page.locator('[data-tab=register]').click()
      await page.locator('[data-testid=take-out] summary').click()
      await page.locator('[data-testid=take-out] input').fill(reason)
      await page.locator('[data-testid=take-out] button').click()
    }
    await takeOut('录错')
    await page.locator('[data-testid=take-out] [role=alert]', { hasText: '已有记录' }).waitFor()
    const barriers = await findBarriers(page)
    const mistaken = `${household?.householdCode.slice(0, 12)}0999`
    const entry = { householdCode: mistaken, headName: '钱示丰', phone: '13800001234', population: 3, kind: 'POOR' }
    const entered = await page.request.post(`${office.url}/api/households`, { data: entry })

    await page.goto(`${office.url}/admin/households/${mistaken}`)
    await takeOut('录错')
    await page.waitForURL(/\/admin\/households$/)
    await page.goto(`${office.url}/admin/households/${mistaken}`)
    await page.locator('[role=alert]', { hasText: '没有这个户编号' }).first().waitFor()

    expect(entered.ok()).toBe(true)
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('has its phone number removed, at any width', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    const household = office.data.households.at(-1)
    await signInAt(page, office.url, 'operator', `/admin/households/${household?.householdCode}`)
    await page.locator('[data-tab=register]').click()
    const removal = page.locator('[data-testid=remove-phone]')
    await removal.locator('summary').click()
    await removal.locator('input').fill('本人不愿留电话')
    const barriers: string[] = []
    for (const width of [390, 820, 1440]) {
      await page.setViewportSize({ width, height: 900 })
      barriers.push(...(await findBarriers(page)).map((barrier) => `${width}: ${barrier}`))
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
    }
    await removal.locator('button').click()
    await page.locator('[data-testid=changes] td', { hasText: '已删除' }).waitFor()

    expect(await removal.count()).toBe(0)
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('lets a helper log visits, tick the six ones and write a plan for own households only', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    // The page's clock is the server's: what is yet to come cannot be recorded.
    await page.clock.setFixedTime(office.clock.now())
    await signInAt(page, office.url, 'helper', '/admin/households')
    await page.locator('tbody tr a').first().click()
    await page.locator('[data-tab=help]').click()
    await page.locator('input[name=visit-note]').fill('看了柑橘长势')
    await page.locator('[data-move=visit]').click()
    await page.locator('td', { hasText: '看了柑橘长势' }).waitFor()
    await page.locator('[data-item=fourth] button').click()
    await page.locator('[data-item=fourth] .is-good').waitFor()
    await page.locator('[data-testid=plans] summary').click()
    await page.locator('input[name=measure]').fill('多种两亩柑橘')
    await page.locator('input[name=expected]').fill('3000')
    await page.locator('[data-move=plan]').click()
    await page.locator('[data-testid=plans] strong').waitFor()
    const barriers = await findBarriers(page)
    await page.goto(`${office.url}/admin/visits?lang=en`, { waitUntil: 'networkidle' })
    await page.locator('td', { hasText: '看了柑橘长势' }).waitFor()
    barriers.push(...(await findBarriers(page)))
    const own = new Set<string>()
    const { request } = window.context
    const list = await request.get(`${office.url}/api/households?limit=200`)
    for (const row of ((await list.json()) as { rows: Array<{ householdCode: string }> }).rows)
      own.add(row.householdCode)
    const stranger = office.data.households.find(({ householdCode }) => !own.has(householdCode))
    await page.goto(`${office.url}/admin/households/${stranger?.householdCode}?lang=zh`)
    await page.locator('[role=alert]', { hasText: '没有这个户编号' }).first().waitFor()

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('shows staff how the towns are covered', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'operator', '/admin/visits')
    await page.locator('td', { hasText: '大盛镇' }).first().waitFor()
    await page.locator('select[name=level]').selectOption('village')
    await page.locator('td', { hasText: '演示一村' }).first().waitFor()

    expect(await findBarriers(page)).toEqual([])
    expect(window.complaints).toEqual([])
  })
})
