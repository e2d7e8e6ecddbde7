// What a page costs a phone: the bytes of each entry as they leave the server, and how long a buyer who has scanned a code waits
// until the door can be opened, on a throttled network and a slow processor.
import type { BrowserContextOptions, CDPSession } from 'playwright-core'
import { phone, startBrowser, type TestBrowser } from '#tests/support/browser.ts'
import { startDemoProcess } from '#tests/support/demo-process.ts'
import { measureEntry } from '#tests/support/entry-size.ts'
import type { BenchRow } from './bench-row.ts'
import { quantile } from './quantile.ts'

const entries = ['buyer', 'farmer', 'disclosure', 'virtual-cabinet', 'admin'] as const
const limitKb = 90
const limitMs = 1_000
const loads = 7
const slowdown = 4
/** Chromium's own "Fast 4G" profile: 9 Mbit/s down, 1.35 Mbit/s up, 165 ms a request. */
const fourG = { offline: false, latency: 165, downloadThroughput: 9e6 / 8, uploadThroughput: 1.35e6 / 8 }

/** Starts the demo; takes about two minutes. */
export async function benchPages(): Promise<BenchRow[]> {
  await using demo = await startDemoProcess()
  await using browser = await startBrowser()
  const url = `${demo.baseUrl}/c/${demo.cabinetCodes[0] ?? ''}`
  const buyer = await signIn(browser, demo.baseUrl)
  const strangerMs: number[] = []
  const buyerMs: number[] = []
  for (let load = 0; load < loads; load += 1) {
    strangerMs.push(await loadColdly(browser, url, phone))
    buyerMs.push(await loadColdly(browser, url, { ...phone, storageState: buyer }))
  }
  return [
    ...(await Promise.all(entries.map(sizeRow))),
    timeRow('whoever is not signed in can go and sign in', strangerMs),
    timeRow('who is signed in can open the door', buyerMs),
  ]
}

function timeRow(until: string, loadsMs: readonly number[]): BenchRow {
  const value = quantile(loadsMs, 0.5)
  const profile = `4G (9 Mbit/s, 165 ms) and ${slowdown}× slower processor`
  return {
    name: `page of a scanned code, empty cache, until ${until}, ${profile}, p50 of ${loads}`,
    value,
    unit: 'ms',
    limit: limitMs,
    limitName: 'goal',
    ratio: { value: value / limitMs, atMost: 1 },
  }
}

async function sizeRow(entry: (typeof entries)[number]): Promise<BenchRow> {
  const { files, bytes } = await measureEntry(entry)
  const value = bytes / 1_000
  const row = { name: `pages: entry ${entry}, JS + CSS of ${files} files, gzipped`, value, unit: 'kB' }
  if (entry !== 'buyer') return row
  return { ...row, limit: limitKb, limitName: 'goal', ratio: { value: value / limitKb, atMost: 1 } }
}

/** What a phone keeps of a buyer who has signed in. */
async function signIn(browser: TestBrowser, url: string) {
  await using window = await browser.openWindow(phone)
  const { page, context } = window
  await page.goto(`${url}/sign-in`)
  await page.locator('#login').fill('buyer1')
  await page.locator('#password').fill('buyer1-huinong')
  await page.locator('button[type=submit]').click()
  await page.locator('.nearby').waitFor()
  // Awaited here: the window closes at the end of this function.
  return await context.storageState()
}

/** Opens the page as a phone that has never seen it; ms until its button answers. */
async function loadColdly(browser: TestBrowser, url: string, options: BrowserContextOptions): Promise<number> {
  await using window = await browser.openWindow(options)
  const { page, context } = window
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true })
  await devtools.send('Network.emulateNetworkConditions', fourG)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
  const interactive = untilInteractive(devtools)
  await devtools.send('Runtime.enable')
  await devtools.send('Runtime.addBinding', { name: 'reportInteractive' })
  await page.addInitScript(watchForButton)
  await page.goto(url, { waitUntil: 'commit' })
  const ms = await interactive
  if (window.complaints.length > 0) throw new Error(window.complaints.join('\n'))
  return ms
}

/**
 * Runs in the page: notes when the button is there, enabled, and the main thread has had time for a frame and a task. Text, as
 * what a bundler makes of a function does not run elsewhere.
 */
const watchForButton = `
  const look = () => {
    const button = document.querySelector('.open-bar button')
    if (button === null || button.disabled) requestAnimationFrame(look)
    else requestAnimationFrame(() => setTimeout(() => reportInteractive(String(performance.now())), 0))
  }
  look()
`

/** Told by the page itself: to ask it would put a script of the asker's on its slow processor. */
function untilInteractive(devtools: CDPSession): Promise<number> {
  return new Promise((resolve) => {
    devtools.once('Runtime.bindingCalled', ({ payload }) => resolve(Number(payload)))
  })
}
