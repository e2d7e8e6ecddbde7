// The screen on the cabinet in a real browser: served by a real agent process on virtual boards, with the network cut too.
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { systemRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { AgentProcess, serveBoards, type ServedBoards } from '#tests/support/agent-process.ts'
import { makeTwin, unitMg } from '#tests/support/agent-world.ts'
import { findBarriers, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { TestBroker } from '#tests/support/test-broker.ts'
import { bundleEntry } from '../../.tools/bundle.mjs'

const newId = () => makeId(systemClock, systemRandom)
const cabinetId = newId()
const skuIds = [newId(), newId()]
const broker = new TestBroker(cabinetId)
const wide = { viewport: { width: 1440, height: 900 }, locale: 'zh-CN' }
let boards: ServedBoards
let agent: AgentProcess
let browser: TestBrowser
let url: string

beforeAll(async () => {
  await broker.start()
  boards = await serveBoards({ laneCount: 2, itemsPerLane: 8, unitMg })
  const entry = await bundleEntry('cabinet-agent/main.ts', { isWhole: true })
  const port = await findPort()
  url = `http://127.0.0.1:${port}/`
  const screen = { port, buyerUrl: 'https://huinong.example' }
  agent = new AgentProcess(entry, cabinetId, broker, boards, { screen })
  broker.send('desired', makeTwin(1, skuIds))
  agent.start()
  await until(() => reported()?.desiredVersion === 1, 'the twin')
  await restock()
  browser = await startBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await agent?.[Symbol.asyncDispose]()
  await boards?.[Symbol.asyncDispose]()
  await broker[Symbol.asyncDispose]()
}, 60_000)

const reported = () => broker.last<ReportedTwin>('reported')
const stage = (page: Page, name: string) => page.locator(`[data-stage=${name}]`)
/** On a machine that is busy a weight may be a matter for a person. */
const ended = (page: Page) => page.locator('[data-stage=settled], [data-stage=review]')

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
async function until(isTrue: () => boolean, what: string): Promise<void> {
  const untilMs = systemClock.monotonicMs() + 25_000
  while (!isTrue()) {
    if (systemClock.monotonicMs() > untilMs) throw new Error(`waited for ${what} in vain:\n${agent.printed}`)
    await delay(systemClock, 20)
  }
}
function command(kind: string, body: Record<string, unknown>): void {
  const issuedAtMs = systemClock.now()
  const unsigned = { commandId: newId(), kind, body, issuedAtMs, expiresAtMs: issuedAtMs + 60_000 }
  broker.send('commands', broker.signed(unsigned))
}
function unlock(): void {
  command('unlock', { sessionId: newId(), holdFen: 5_000, planogramVersion: 1, pricesVersion: 1 })
}
async function restock(): Promise<void> {
  const loads = skuIds.map((skuId, index) => ({
    laneId: `L0${index + 1}`,
    lotId: newId(),
    skuId,
    count: 8,
    isReplacement: true,
  }))
  command('restock-open', { sessionId: newId(), restockerId: newId(), loads })
  await until(() => boards.cabinet.openDoor(), 'the lock')
  await delay(systemClock, 1_200)
  boards.cabinet.closeDoor()
  await until(() => reported()?.lanes.every(({ count }) => count === 8) === true, 'the count')
}

describe('the screen on the cabinet', { timeout: 90_000 }, () => {
  it.each([
    ['zh', 375, 812],
    ['en', 375, 812],
    ['zh', 820, 1180],
    ['en', 1440, 900],
  ])('shows code and goods without barriers in %s at %i px', async (language, width, height) => {
    await using window = await browser.openWindow({ viewport: { width, height } })
    const { page } = window
    const response = await page.goto(`${url}?lang=${language}`)
    await stage(page, 'ready').waitFor()

    expect(response?.headers()['content-security-policy']).not.toContain('unsafe')
    expect(await page.locator('html').getAttribute('lang')).toBe(language === 'zh' ? 'zh-CN' : 'en')
    expect(await page.locator('.scan svg').getAttribute('aria-label')).toContain('YB-0001')
    expect(await page.locator('#shelf li').allInnerTexts()).toEqual([
      expect.stringContaining('goods 1'),
      expect.stringContaining('goods 2'),
    ])
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    expect(await findBarriers(page)).toEqual([])
    expect(window.complaints).toEqual([])
  })

  it('follows a purchase: cart and notices while the door is open, and nothing of it afterwards', async () => {
    await using window = await browser.openWindow(wide)
    const { page } = window
    await page.goto(url)
    await stage(page, 'ready').waitFor()
    unlock()
    await until(() => boards.cabinet.openDoor(), 'the lock')
    await stage(page, 'open').waitFor()
    await delay(systemClock, 1_200)
    const taken = boards.cabinet.take('L01')
    await page.locator('[data-total]', { hasText: '¥8.80' }).waitFor()

    expect(await page.locator('.lines li').innerText()).toContain('goods 1')
    expect(await findBarriers(page)).toEqual([])
    await delay(systemClock, 1_500)
    if (taken.kind === 'refused') throw new Error(taken.why)
    boards.cabinet.put('L02', taken.item)
    await page.locator('.notices', { hasText: '2 号货道' }).waitFor()
    await delay(systemClock, 1_500)
    boards.cabinet.closeDoor()
    await ended(page).waitFor()
    expect(await page.locator('.cart').count()).toBe(0)
    expect(window.complaints).toEqual([])
  })

  it('says what to do without a network, and comes back by itself', async () => {
    await using window = await browser.openWindow(wide)
    const { page } = window
    await page.goto(url)
    await page.locator('.network.is-on').waitFor()

    await broker.stop()
    await stage(page, 'offline').waitFor()
    expect(await page.locator('.scan').count()).toBe(0)
    expect(await page.locator('#shelf li').count()).toBe(2)
    await broker.start()
    await stage(page, 'ready').waitFor({ timeout: 60_000 })
    expect(window.complaints).toEqual([])
  })

  it('goes on showing the cart when the network goes with the door open', async () => {
    await using window = await browser.openWindow(wide)
    const { page } = window
    await page.goto(url)
    unlock()
    await until(() => boards.cabinet.openDoor(), 'the lock')
    await stage(page, 'open').waitFor()
    await broker.stop()
    await page.locator('.network:not(.is-on)').waitFor()
    await delay(systemClock, 1_200)
    boards.cabinet.take('L01')

    await page.locator('[data-total]', { hasText: '¥8.80' }).waitFor()
    boards.cabinet.closeDoor()
    await ended(page).waitFor()
    await broker.start()
    await page.locator('.network.is-on').waitFor({ timeout: 60_000 })
    await until(() => (reported()?.lanes[0]?.count ?? 8) < 8, 'the count')
    expect(await page.locator('[data-lane=L01] em').innerText()).toBe(`剩 ${reported()?.lanes[0]?.count} 份`)
  })

  it('tells a faulty scale, and a cabinet that has no power, in words', async () => {
    await using window = await browser.openWindow(wide)
    const { page } = window
    await page.goto(url)
    boards.cabinet.setFault({ kind: 'board-silent', board: 'L02' })
    await stage(page, 'scale_fault').waitFor()
    expect(await page.locator('[data-lane=L02]').getAttribute('data-status')).toBe('faulty')
    boards.cabinet.clearFaults()
    await page.locator('[data-lane=L02][data-status=on_sale]').waitFor()

    await agent.kill('SIGKILL')
    await page.locator('#gone').waitFor({ state: 'visible' })
    expect(await page.locator('#gone').innerText()).toContain('请稍等')
    agent.start()
    await page.locator('#gone').waitFor({ state: 'hidden' })
    await stage(page, 'ready').waitFor()
  })

  it('serves one page, read-only', async () => {
    await using window = await browser.openWindow(wide)
    const { request } = window.page

    expect((await request.post(url)).status()).toBe(405)
    expect((await request.get(`${url}journal.sqlite`)).status()).toBe(404)
    const text = await (await request.get(url)).text()
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-7/)
  })
})
