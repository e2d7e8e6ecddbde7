// What a page costs a phone: the bytes of each entry as they leave the server, and how long a buyer who has scanned a code waits
// until the door can be opened, on a throttled network and a slow processor.
import type { Page } from 'playwright-core'
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
  const path = `/c/${demo.cabinetCodes[0] ?? ''}`
  const loadsMs: number[] = []
  for (let load = 0; load < loads; load += 1) loadsMs.push(await loadColdly(browser, demo.baseUrl + path))
  const profile = `4G (9 Mbit/s, 165 ms) and ${slowdown}× slower processor`
  const name = `page of a scanned code, empty cache, until the door can be opened, ${profile}`
  return [...(await Promise.all(entries.map(sizeRow))), timeRow(`${name}, p50 of ${loads}`, quantile(loadsMs, 0.5))]
}

function timeRow(name: string, value: number): BenchRow {
  return {
    name,
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

/** Opens the page as a phone that has never seen it; ms until its button answers. */
async function loadColdly(browser: TestBrowser, url: string): Promise<number> {
  await using window = await browser.openWindow(phone)
  const { page, context } = window
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  await devtools.send('Network.setCacheDisabled', { cacheDisabled: true })
  await devtools.send('Network.emulateNetworkConditions', fourG)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: slowdown })
  await page.addInitScript(watchForButton)
  await page.goto(url, { waitUntil: 'commit' })
  const ms = await untilInteractive(page)
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
    else requestAnimationFrame(() => setTimeout(() => { globalThis.interactiveMs = performance.now() }, 0))
  }
  look()
`

async function untilInteractive(page: Page): Promise<number> {
  const found = await page.waitForFunction(() => (globalThis as { interactiveMs?: number }).interactiveMs)
  return Number(await found.jsonValue())
}
