// Sales with their chart, and what is written off by two people, at the administration's pages.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { desk as deskSize, findBarriers, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { openDemoDesk, signInAt, type DemoDesk } from '#tests/support/demo-desk.ts'

let office: DemoDesk
let browser: TestBrowser
let lineId = ''

/** One order of the surplus desk is delivered: 30 kg at 2.40 yuan. */
async function sellSurplus(): Promise<void> {
  const send = async (path: string, cookie: string, body: unknown) => {
    const headers = { cookie, 'content-type': 'application/json' }
    return fetch(office.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
  }
  const signedIn = await send('/api/sign-in', '', { login: 'operator', password: 'operator-huinong' })
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const notice = (await (
    await send('/api/surplus/notices', cookie, {
      householdCode: office.data.households[0]?.householdCode,
      productName: '示例萝卜',
      category: 'vegetable',
      massMg: 30_000_000,
      deadlineAtMs: office.clock.now() + 5 * 86_400_000,
    })
  ).json()) as { noticeId: string }
  const order = (await (
    await send('/api/surplus/orders', cookie, {
      channel: 'UNIT_ORDER',
      buyerName: '区医院食堂',
      pricePerKgFen: 240,
      lines: [{ noticeId: notice.noticeId, massMg: 30_000_000 }],
    })
  ).json()) as { orderId: string; lines: Array<{ lineId: string }> }
  lineId = order.lines[0]?.lineId ?? ''
  await send(`/api/surplus/orders/${order.orderId}/delivery`, cookie, {})
}

beforeAll(async () => {
  office = await openDemoDesk()
  await sellSurplus()
  browser = await startBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await office?.[Symbol.asyncDispose]()
}, 60_000)

describe('sales', { timeout: 120_000 }, () => {
  it('are drawn and told by category and channel, beside what a document says of the time before', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    // The page's clock is the server's: the span ends today.
    await page.clock.setFixedTime(office.clock.now())
    await signInAt(page, office.url, 'finance', '/admin/sales')
    await page.locator('[data-testid=sales] tr', { hasText: '单位采购' }).waitFor()
    await page.locator('canvas').waitFor()
    expect(await page.locator('[data-testid=net]').innerText()).toBe('¥72.00')
    expect(await page.locator('[role=img]').getAttribute('aria-label')).toContain('¥72.00')
    const barriers = await findBarriers(page)
    await page.locator('summary').click()
    await page.locator('input[name=document]').fill('区扶贫办〔2020〕9 号')
    await page.locator('input[name=day]').fill('2020-03-31')
    await page.locator('input[name=amount]').fill('1000000')
    await page.locator('input[name=note]').fill('柜子上线以前的销售')
    await page.locator('[data-move=enter]').click()
    await page.locator('[data-testid=said]', { hasText: '另一个人批准' }).waitFor()
    await page.locator('input[name=approve-document]').fill('区扶贫办〔2020〕9 号')
    await page.locator('[data-move=approve]').click()
    await page.locator('[role=alert]', { hasText: '不能自己批准' }).waitFor()
    await signInAt(page, office.url, 'admin', '/admin/sales')
    await page.locator('input[name=approve-document]').fill('区扶贫办〔2020〕9 号')
    await page.locator('[data-move=approve]').click()
    await page.locator('[data-testid=openings] li', { hasText: '¥1000000.00' }).waitFor()
    expect(await page.locator('[data-testid=net]').innerText()).toBe('¥72.00')

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('that are never paid are proposed by one person and written off by another', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'finance', '/admin/write-offs')
    await page.locator('summary').click()
    await page.locator('input[name=line]').fill(lineId)
    await page.locator('input[name=amount]').fill('10')
    await page.locator('input[name=document]').fill('法院〔2026〕1 号')
    await page.locator('input[name=reason]').fill('买家破产')
    await page.locator('[data-move=propose]').dblclick()
    await page.locator('[data-state=proposed]').waitFor()
    await page.locator('[data-move=approve]').click()
    await page.locator('[role=alert]', { hasText: '不能自己批准' }).waitFor()
    const barriers = await findBarriers(page)
    await signInAt(page, office.url, 'admin', '/admin/write-offs')
    await page.locator('[data-move=approve]').click()
    await page.locator('[data-state=approved]').waitFor()
    await page.locator('summary', { hasText: '后来收回的' }).click()
    await page.locator('input[name=recovered]').fill('10')
    await page.locator('input[name=recovery-document]').fill('银行回单 7')
    await page.locator('input[name=recovery-reason]').fill('破产清算款')
    await page.locator('[data-move=recover]').click()
    await page.locator('[role=alert]', { hasText: '到账没有这么多' }).waitFor()
    barriers.push(...(await findBarriers(page)))

    expect(await page.locator('tbody tr').count()).toBe(1)
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('leave the share register with its history, and the monitoring line with its document', async () => {
    await using window = await browser.openWindow(deskSize)
    const { page } = window
    await signInAt(page, office.url, 'operator', '/admin/organisations')
    await page.locator('tbody a', { hasText: '柑橘' }).click()
    await page.locator('input[name=history]').check()
    await page.locator('th', { hasText: /^到$/ }).waitFor()
    const barriers = await findBarriers(page)
    await page.goto(`${office.url}/admin/warnings`)
    await page.locator('[data-testid=monitoring-lines] summary').click()
    await page.locator('input[name=line-year]').fill('2026')
    await page.locator('input[name=line-amount]').fill('7200')
    await page.locator('input[name=line-document]').fill('演示文〔2026〕2 号')
    await page.locator('[data-move=line]').click()
    await page.locator('[data-testid=monitoring-lines] li', { hasText: '¥7200.00' }).waitFor()
    barriers.push(...(await findBarriers(page)))

    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })
})
