// A payout at the administration's pages, for the tests that walk through one: its buttons, and a bank's answer to its file.
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'

export const stateIs = (page: Page, state: string) => page.locator(`[data-state=${state}]`).waitFor()
export const move = (page: Page, name: string) => page.locator(`[data-move=${name}]`).click()
export const openTab = (page: Page, tab: string) => page.locator(`[data-tab=${tab}]`).click()

/** The payout file as it is downloaded from the open page of the batch. */
export async function downloadFile(page: Page): Promise<string> {
  await openTab(page, 'files')
  return download(page, 'download')
}

/** The list of the open tab, as its export. */
export const downloadList = (page: Page): Promise<string> => download(page, 'export')

async function download(page: Page, button: string): Promise<string> {
  const downloading = page.waitForEvent('download')
  await page.locator(`[data-testid=${button}]`).click()
  return (await readFile(await (await downloading).path(), 'utf8')).replace(/^\ufeff/, '')
}

/** The bank's answer to a file of the demo's CSV profile: all paid but the last line. The trailer is no line. */
export function bankAnswer(file: string): string {
  const rows = file.trim().split('\r\n').slice(1, -1)
  const answers = rows.map((row, index) => {
    const [batchNo = '', seq = ''] = row.split(',')
    return index === rows.length - 1 ? `${batchNo},${seq},失败,E01,户名不符,` : `${batchNo},${seq},成功,,,S${seq}`
  })
  return ['批次号,序号,处理结果,失败代码,失败原因,银行流水号', ...answers].join('\r\n')
}

export function uploadAnswer(page: Page, content: string): Promise<void> {
  return page
    .locator('input[type=file]')
    .setInputFiles({ name: '回盘.csv', mimeType: 'text/csv', buffer: Buffer.from(content) })
}
