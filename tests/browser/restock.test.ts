// A restocker's day on a phone, in a real browser on the real demo: the network goes in the cellar, and what was done arrives later.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CabinetSummary } from '#shared/contracts/http/cabinets.ts'
import type { Shelf } from '#shared/contracts/http/shelf.ts'
import type { RestockTask } from '#shared/contracts/http/restock-tasks.ts'
import { desk, findBarriers, phone, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { startDemoProcess, type DemoProcess } from '#tests/support/demo-process.ts'

let demo: DemoProcess
let browser: TestBrowser

beforeAll(async () => {
  demo = await startDemoProcess(['--no-plan'])
  browser = await startBrowser()
}, 240_000)
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await demo?.[Symbol.asyncDispose]()
}, 60_000)

async function ask<T>(page: Page, path: string, body?: unknown): Promise<T> {
  const options = { headers: { origin: demo.baseUrl } }
  const response = await (body === undefined
    ? page.request.get(demo.baseUrl + path, options)
    : page.request.post(demo.baseUrl + path, { ...options, data: body }))
  if (!response.ok()) throw new Error(`${path}: ${response.status()} ${await response.text()}`)
  return (await response.json()) as T
}

/** The operator orders one piece more of what lies in the first lane. */
async function orderTask(): Promise<{ task: RestockTask; code: string }> {
  await using office = await browser.openWindow(desk)
  const { page } = office
  await ask(page, '/api/sign-in', { login: 'operator', password: 'operator-huinong' })
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(Date.now())
  const code = demo.cabinetCodes[2] ?? ''
  const cabinets = await ask<{ rows: CabinetSummary[] }>(page, '/api/cabinets?isDemo=true&limit=200')
  expect(cabinets.rows.some((row) => row.code === code)).toBe(true)
  const { lanes } = await ask<Shelf>(page, `/api/cabinets/by-code/${code}/shelf`)
  const lane = lanes.find(({ mode, lotTraceCode }) => mode === 'piece' && lotTraceCode !== undefined)
  if (lane === undefined) throw new Error('nothing lies in the cabinet')
  const lots = await ask<{ rows: Array<{ lotId: string; traceCode: string }> }>(page, '/api/lots?limit=200')
  const lotId = lots.rows.find(({ traceCode }) => traceCode === lane.lotTraceCode)?.lotId
  await using other = await browser.openWindow(desk)
  const restocker = await ask<{ accountId: string }>(other.page, '/api/sign-in', {
    login: 'restocker',
    password: 'restocker-huinong',
  })
  const task = await ask<RestockTask>(page, '/api/restock-tasks', {
    cabinetCode: code,
    restockerId: restocker.accountId,
    day,
    putIn: [{ laneId: lane.laneId, lotId, count: 1 }],
  })
  return { task, code }
}

describe('a restocker', { timeout: 180_000 }, () => {
  it('opens with the network, loads under the scales’ eyes, goes on without it, and what was done arrives', async () => {
    const { task, code } = await orderTask()
    const [lane] = task.lanes
    await using window = await browser.openWindow(phone)
    const { page } = window
    await page.goto(`${demo.baseUrl}/restock`)
    await page.locator('#login').fill('restocker')
    await page.locator('#password').fill('restocker-huinong')
    await page.locator('button[type=submit]').click()
    await page.locator('[data-testid=stop]', { hasText: code }).click()
    expect(await findBarriers(page)).toEqual([])
    await page.getByRole('button', { name: '我到柜前了' }).click()
    await page.locator('[data-testid=state]', { hasText: '到了' }).waitFor()
    await page.getByRole('button', { name: '开门' }).click()

    await using hands = await browser.openWindow(desk)
    await hands.page.goto(`${demo.baseUrl}/virtual-cabinet?code=${code}`)
    await hands.page.locator('[data-phone=restocker]').click()
    const beside = hands.page.frameLocator('iframe')
    await beside.locator('#login').fill('restocker')
    await beside.locator('#password').fill('restocker-huinong')
    await beside.locator('button[type=submit]').click()
    await hands.page.locator('[data-testid=crate]').waitFor()
    await hands.page.locator('[data-testid=door-state]', { hasText: '锁已弹开' }).waitFor()
    await hands.page.locator('[data-testid=door]').click()
    const weight = page.locator(`[data-lane=${lane?.laneId}] [data-testid=live-weight]`)
    await weight.waitFor()
    const before = await weight.innerText()
    // What the crate holds is dragged onto the lane, and the phone shows the weight of it.
    await hands.page.locator('[data-testid=crate] select').selectOption('1')
    const tray = hands.page.locator(`[data-lane=${lane?.laneId}]`)
    await hands.page.locator(`[data-testid=crate] [data-sku="${lane?.skuId}"]`).dragTo(tray)
    await expect.poll(() => weight.innerText()).not.toBe(before)
    expect(await findBarriers(hands.page)).toEqual([])
    expect(await findBarriers(page)).toEqual([])

    await window.context.setOffline(true)
    const card = page.locator(`[data-lane=${lane?.laneId}]`)
    await card.locator('input[type=file]').setInputFiles({
      name: 'lane.png',
      mimeType: 'image/png',
      buffer: Buffer.from(
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
        'base64',
      ),
    })
    await card.locator('label', { hasText: '已拍 1 张' }).waitFor()
    await card.getByRole('button', { name: '少一份' }).click()
    expect(await card.getByRole('button', { name: '这条货道好了' }).isDisabled()).toBe(true)
    await card.locator('select').selectOption('did_not_fit')
    await card.getByRole('button', { name: '这条货道好了' }).click()
    await page.locator('[data-testid=offline]').waitFor()
    await page.locator('[data-testid=waiting]', { hasText: '1 步' }).waitFor()
    await page.reload()
    await page.locator('[data-testid=waiting]', { hasText: '1 步' }).waitFor()

    await window.context.setOffline(false)
    await page.locator('[data-testid=waiting]').waitFor({ state: 'detached', timeout: 60_000 })
    const known = await ask<RestockTask>(page, `/api/restock-tasks/${task.taskId}`)
    expect(known.lanes[0]?.stated).toMatchObject({ difference: { reason: 'did_not_fit' } })
    expect(known.lanes[0]?.stated?.photoIds).toHaveLength(1)
    const photo = `/api/restock-tasks/${task.taskId}/photos/${known.lanes[0]?.stated?.photoIds[0]}`
    expect((await page.request.get(demo.baseUrl + photo)).headers()['content-type']).toBe('image/jpeg')
    await hands.page.locator('[data-testid=door]').click()
    await page.getByRole('button', { name: '这个柜做完了' }).click()
    await page.locator('[data-testid=state]', { hasText: '做完了' }).waitFor()
    await page.goBack()
    await page.locator('[data-testid=stop]').first().waitFor()
    const noise = /net::ERR_INTERNET_DISCONNECTED|WebSocket/
    expect(window.complaints.filter((complaint) => !noise.test(complaint))).toEqual([])
  })
})
