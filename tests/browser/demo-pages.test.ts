// The pages in a real browser on the real demo: nothing here knows the server's insides.
import type { Frame, FrameLocator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Shelf } from '#shared/contracts/http/shelf.ts'
import { formatYuan } from '#shared/units/fen.ts'
import { desk, findBarriers, phone, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
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

const passwordOf = (login: string) => `${login}-huinong`
const firstCode = () => demo.cabinetCodes[0] ?? ''

async function fillSignIn(place: Page | Frame | FrameLocator, login: string): Promise<void> {
  await place.locator('#login').fill(login)
  await place.locator('#password').fill(passwordOf(login))
  await place.locator('button[type=submit]').click()
}

async function readShelf(page: Page, code: string): Promise<Shelf> {
  const response = await page.request.get(`${demo.baseUrl}/api/cabinets/by-code/${code}/shelf`)
  return (await response.json()) as Shelf
}

/** A lane whose sale earns a household. */
async function findGoods(page: Page): Promise<{ code: string; lane: Shelf['lanes'][number] }> {
  for (const code of demo.cabinetCodes) {
    const { lanes } = await readShelf(page, code)
    const lane = lanes.find((known) => known.householdCount > 0 && known.count > 1 && known.isOnSale)
    if (lane !== undefined) return { code, lane }
  }
  throw new Error(`nothing that earns a household is on sale:\n${demo.output()}`)
}

describe('every page', () => {
  const buyerPaths = ['/', '/sign-in', '/join', '/c/YB-9999', '/no/such/page']
  const signedInPaths = ['/', '/history', '/account', '/password']
  const adminPaths = [
    '/admin/',
    '/admin/cabinets',
    '/admin/rollouts',
    '/admin/agent-releases',
    '/admin/alerts',
    '/admin/lots',
    '/admin/differences',
    '/admin/near-expiry',
    '/admin/losses',
    '/admin/recalls',
    '/admin/restocking',
    '/admin/restocking?tab=tasks',
    '/admin/restocking?tab=conflicts',
    '/admin/harvest',
    '/admin/sessions',
    '/admin/sessions/reviews',
    '/admin/disputes',
    '/admin/households',
    '/admin/visits',
    '/admin/surplus',
    '/admin/sales',
    '/admin/write-offs',
    '/admin/imports',
    '/admin/organisations',
    '/admin/distributions',
    '/admin/payouts',
    '/admin/warnings',
    '/admin/reconciliation',
    '/admin/audit',
    '/admin/ledger',
    '/admin/accounts',
    '/admin/security',
  ]

  it('renders for a stranger on a phone, silently and without barriers', async () => {
    await using window = await browser.openWindow(phone)
    const barriers: string[] = []
    for (const path of [...buyerPaths, `/c/${firstCode()}`]) {
      await window.page.goto(demo.baseUrl + path, { waitUntil: 'networkidle' })
      await window.page.locator('h1, .empty').first().waitFor()
      barriers.push(...(await findBarriers(window.page)).map((barrier) => `${path}: ${barrier}`))
    }
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('renders for a buyer, in Chinese and in English', async () => {
    await using window = await browser.openWindow(phone)
    const { page } = window
    await page.goto(`${demo.baseUrl}/sign-in`)
    await fillSignIn(page, 'buyer2')
    await page.locator('.nearby').waitFor()
    const barriers: string[] = []
    for (const language of ['zh', 'en']) {
      for (const path of signedInPaths) {
        await page.goto(`${demo.baseUrl}${path}?lang=${language}`, { waitUntil: 'networkidle' })
        expect(await page.locator('html').getAttribute('lang')).toBe(language === 'zh' ? 'zh-CN' : 'en')
        barriers.push(...(await findBarriers(page)).map((barrier) => `${path}: ${barrier}`))
      }
    }
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('renders for an administrator', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    await page.goto(`${demo.baseUrl}/admin/`)
    await fillSignIn(page, 'admin')
    await page.locator('.tiles').waitFor()
    const barriers: string[] = []
    for (const path of adminPaths) {
      await page.goto(demo.baseUrl + path, { waitUntil: 'networkidle' })
      await page.locator('h1').waitFor()
      expect(await page.locator('[role=alert]').count()).toBe(0)
      barriers.push(...(await findBarriers(page)).map((barrier) => `${path}: ${barrier}`))
    }
    expect(barriers).toEqual([])
    expect(window.complaints).toEqual([])
  }, 300_000)

  it('keeps the whole menu on a desk in English, and names that can be read on a phone', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    await page.goto(`${demo.baseUrl}/admin/cabinets?lang=en`)
    await fillSignIn(page, 'admin')
    await page.locator('tbody a').first().waitFor()
    const menu = await page.locator('.side nav').evaluate((nav) => [nav.scrollHeight, nav.clientHeight])
    await page.setViewportSize({ width: 390, height: 844 })
    const cells = await page
      .locator('tbody tr td:nth-child(2)')
      .evaluateAll((found) => found.map((cell) => cell.clientHeight))

    await page.goto(`${demo.baseUrl}/admin/ledger?lang=en`)
    await page.locator('.panel button').click()
    const sentence = page.locator('p.tag', { hasText: 'The books balance' })
    await sentence.waitFor()
    const right = await sentence.evaluate((tag) => tag.getBoundingClientRect().right)

    expect(menu[0]).toBe(menu[1])
    expect(right).toBeLessThan(390)
    expect(cells.length).toBeGreaterThan(10)
    // Two lines at most; they were six, of two signs each.
    expect(Math.max(...cells)).toBeLessThan(70)
    expect(window.complaints).toEqual([])
  })

  it('shows the virtual cabinet, whose warmth is a slider', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    await page.goto(`${demo.baseUrl}/virtual-cabinet?code=${firstCode()}`)
    await page.locator('[data-lane] .item').first().waitFor()
    await page.locator('[data-testid=temperature]').fill('30')
    await page.locator('.degrees', { hasText: '30.0 °C' }).waitFor()
    await page.locator('[data-testid=temperature]').fill('4')
    await page.locator('.degrees', { hasText: '4.0 °C' }).waitFor()
    expect(await findBarriers(page)).toEqual([])
    expect(window.complaints).toEqual([])
  })
})

describe('what can go wrong', () => {
  it('tells a wrong password and a wrong code in sentences that say what to do', async () => {
    await using window = await browser.openWindow(phone)
    const { page } = window
    await page.goto(`${demo.baseUrl}/sign-in`)
    await page.locator('#login').fill('buyer3')
    await page.locator('#password').fill('wrong')
    await page.locator('button[type=submit]').click()
    expect(await page.locator('[role=alert]').innerText()).toContain('请核对后再试')

    await page.goto(demo.baseUrl)
    await page.locator('#code').fill('12')
    await page.locator('.code button').click()
    expect(await page.locator('#code-wrong').innerText()).toContain('YB-0001')
    await page.locator('#code').fill('yb9999')
    await page.locator('.code button').click()
    await page.locator('.empty', { hasText: '没有这个柜号' }).waitFor()
  })
})

// A whole purchase in a browser takes its time on a busy machine.
describe('a purchase on the virtual cabinet’s page', { timeout: 120_000 }, () => {
  it('ends in a receipt, and in a household’s explained income', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    const { code, lane } = await findGoods(page)

    await page.goto(`${demo.baseUrl}/virtual-cabinet?code=${code}`)
    const buyer = page.frameLocator('iframe')
    await buyer.locator('.open-bar button').click()
    await fillSignIn(buyer, 'buyer1')
    // Twice in a row: one intent, one session.
    await buyer.locator('.open-bar button', { hasText: '开门取货' }).dblclick()
    await page.locator('[data-testid=door-state]', { hasText: '锁已弹开' }).waitFor()
    await page.locator('[data-testid=door]').click()
    await buyer.locator('.live-cart.is-open').waitFor()
    await page.locator(`[data-lane=${lane.laneId}] .item`).first().dragTo(page.locator('[data-testid=hand]'))
    await page.locator('[data-testid=hand] li', { hasText: lane.name }).waitFor()
    const price = `¥${formatYuan(lane.priceFen)}`
    await buyer.locator('[data-testid=cart-total]', { hasText: price }).waitFor()
    await page.locator('[data-testid=door]').click()
    await buyer.locator('[data-testid=receipt]').waitFor()

    expect(await buyer.locator('[data-testid=receipt-total]').innerText()).toBe(price)
    await buyer.locator('summary').first().click()
    const parts = await buyer.locator('.parts strong').allInnerTexts()
    const sumFen = parts.reduce((sum, text) => sum + Math.round(Number(text.replace('¥', '')) * 100), 0)
    expect(sumFen).toBe(lane.priceFen)
    expect(window.complaints).toEqual([])

    await using office = await browser.openWindow(desk)
    await office.page.goto(`${demo.baseUrl}/admin/households`)
    await fillSignIn(office.page, 'admin')
    const filtered = office.page.waitForResponse((response) => response.url().includes('hasIncome=true'))
    await office.page.locator('input[type=checkbox]').check()
    await filtered
    await office.page.locator('table[aria-busy=false]').waitFor()
    await office.page.locator('tbody tr').first().locator('a').click()
    await office.page.locator('[data-testid=income-total]').waitFor()
    expect(await office.page.locator('[data-testid=income-total]').innerText()).not.toBe('¥0.00')
    expect(await office.page.locator('[data-testid=explanation] li').count()).toBeGreaterThan(0)
    expect(office.complaints).toEqual([])
  })

  it('is found again after the page was closed with the door open', async () => {
    await using window = await browser.openWindow(desk)
    const code = demo.cabinetCodes[1] ?? ''
    const { page } = window
    await page.goto(`${demo.baseUrl}/virtual-cabinet?code=${code}`)
    const buyer = page.frameLocator('iframe')
    await buyer.locator('.open-bar button').click()
    await fillSignIn(buyer, 'buyer4')
    await buyer.locator('.open-bar button', { hasText: '开门取货' }).click()
    await page.locator('[data-testid=door-state]', { hasText: '锁已弹开' }).waitFor()
    await page.locator('[data-testid=door]').click()
    await buyer.locator('.live-cart.is-open').waitFor()

    const again = await window.context.newPage()
    await again.goto(demo.baseUrl)
    await again.locator('.unfinished').click()
    await again.locator('.live-cart.is-open').waitFor()
    await page.locator('[data-testid=door]').click()
    await again.locator('[data-testid=receipt]').waitFor()

    expect(await again.locator('[data-testid=receipt-total]').innerText()).toBe('¥0.00')
    expect(window.complaints).toEqual([])
  })

  it('tells of a piece put back into the wrong lane while the door is open, and charges nothing for it', async () => {
    await using window = await browser.openWindow(desk)
    const { page } = window
    const { code, lane } = await findGoods(page)
    const wrong = (await readShelf(page, code)).lanes.find(
      ({ laneId, skuId, mode }) => laneId !== lane.laneId && skuId !== lane.skuId && mode === 'piece',
    )
    const wrongLaneId = wrong?.laneId ?? ''
    const wrongLane = page.locator(`[data-lane=${wrongLaneId}]`)
    const hand = page.locator('[data-testid=hand]')

    await page.goto(`${demo.baseUrl}/virtual-cabinet?code=${code}`)
    const buyer = page.frameLocator('iframe')
    await buyer.locator('.open-bar button').click()
    await fillSignIn(buyer, 'buyer1')
    await buyer.locator('.open-bar button', { hasText: '开门取货' }).click()
    await page.locator('[data-testid=door-state]', { hasText: '锁已弹开' }).waitFor()
    await page.locator('[data-testid=door]').click()
    await buyer.locator('.live-cart.is-open').waitFor()
    await page.locator(`[data-lane=${lane.laneId}] .item`).first().dragTo(hand)
    await buyer.locator('[data-testid=cart-total]', { hasText: `¥${formatYuan(lane.priceFen)}` }).waitFor()
    // The hand may still hold what was bought before; the newest lies last.
    await hand.locator('li button').last().dragTo(wrongLane)

    const notice = buyer.locator('.live-cart.is-open [role=alert]', { hasText: '有商品放到了' })
    await notice.waitFor()
    expect(await notice.innerText()).toContain(`${Number(wrongLaneId.slice(1))} 号货道`)
    await buyer.locator('[data-testid=cart-total]', { hasText: '¥0.00' }).waitFor()
    await page.locator('[data-testid=door]').click()
    await buyer.locator('[data-testid=receipt]').waitFor()

    expect(await buyer.locator('[data-testid=receipt-total]').innerText()).toBe('¥0.00')
    expect(demo.journalBodies('session.misplaced')).toContainEqual(
      expect.objectContaining({ fromLaneId: lane.laneId, inLaneId: wrongLaneId, skuId: lane.skuId }),
    )
    expect(window.complaints).toEqual([])
  })
})
