// A real Chromium from an npm package, for tests that look at the pages as a person does. Everything a page complains
// about on its console, or fails to load, is kept, so that a test can demand silence.
import chromium from '@sparticuz/chromium'
import axe from 'axe-core'
import { chromium as playwright, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'

export interface TestBrowser extends AsyncDisposable {
  /** A window of its own with its own cookies. */
  openWindow(options?: BrowserContextOptions): Promise<TestWindow>
}

export interface TestWindow extends AsyncDisposable {
  readonly context: BrowserContext
  readonly page: Page
  /** Console errors, warnings and uncaught errors so far, each with where it came from. */
  readonly complaints: readonly string[]
}

/** A phone as most buyers hold it. */
export const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
  locale: 'zh-CN',
}
export const desk: BrowserContextOptions = { viewport: { width: 1440, height: 900 }, locale: 'zh-CN' }

/** Chromium's own way of saying that a request was answered with an error status; the tests cause some on purpose. */
const statusComplaint = /^Failed to load resource: the server responded with a status of (401|403|404|409|422)/

function listen(page: Page, complaints: string[]): void {
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type()) || statusComplaint.test(message.text())) return
    complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
}

export async function startBrowser(): Promise<TestBrowser> {
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage', '--disable-gpu'],
  })
  return {
    async openWindow(options = desk) {
      const context = await browser.newContext(options)
      const complaints: string[] = []
      context.on('page', (opened) => listen(opened, complaints))
      const page = await context.newPage()
      return { context, page, complaints, [Symbol.asyncDispose]: () => context.close() }
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

/** What axe-core finds serious or critical on the page as it stands, a line each. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({ resultTypes: ['violations'] }),
  )
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' | ')}`)
}
