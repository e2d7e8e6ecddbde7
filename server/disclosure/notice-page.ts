// The notice as a page for people: one HTML file without scripts that prints on paper as it is, and the same as CSV. Both are made
// while they are sent, a page of lines at a time.
import { formatYuan } from '#shared/units/fen.ts'
import { mgToGrams } from '#shared/units/mass.ts'
import { dayOf, timeOf } from '../ledger/district-day.ts'
import { writeCsv, writeMoreCsv } from '../tabular/write-csv.ts'
import type { NoticeLineView, NoticeView } from './show-notices.ts'

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string) => text.replaceAll(/[&<>"']/g, (character) => escapes[character] ?? '')

export const noticeStyle = `
body { font: 16px/1.6 system-ui, "Noto Sans CJK SC", sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; }
h1 { font-size: 1.5rem; text-align: center; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption, .facts { text-align: left; color: #444; margin-bottom: .75rem; }
th, td { border: 1px solid #999; padding: .3rem .6rem; text-align: left; }
.number { text-align: right; }
.ended { padding: .5rem .75rem; border: 2px solid #8a1c1c; color: #8a1c1c; font-weight: 600; }
tfoot { font-weight: 600; }
@page { margin: 18mm 15mm; }
@media print {
  body { margin: 0; max-width: none; font-size: 11pt; }
  .screen { display: none; }
  h1 { break-after: avoid; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  tr { break-inside: avoid; }
}
`

const pageStart = (title: string) => `<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><link rel="stylesheet" href="/notices.css"></head>
<body>
`
const pageEnd = '\n</body>\n</html>\n'

const massOf = ({ massMg }: NoticeLineView) => (massMg === undefined ? '' : `${mgToGrams(massMg) / 1_000}`)

const endings: Readonly<Record<NonNullable<NoticeView['endedAs']>, string>> = {
  withdrawn: '已撤回，不再按此兑付',
  rejected: '成员大会未通过，不再按此分配',
  reversed: '入账后已冲销',
}

type LinePages = AsyncIterable<readonly NoticeLineView[]>

/** One notice with all its lines. `hasMass`: a line of it says one. */
export async function* renderNotice(
  notice: NoticeView,
  hasMass: boolean,
  pages: LinePages,
): AsyncGenerator<string, void, undefined> {
  const { noticeId, title, lineCount, totalFen, publishedAtMs, openUntilMs, endedAs } = notice
  const ended = endedAs === undefined ? '' : `<p class="ended">本公示${endings[endedAs]}。</p>\n`
  const massCell = (text: string, tag: 'td' | 'th') => (hasMass ? `<${tag} class="number">${text}</${tag}>` : '')
  yield `${pageStart(title)}<h1>${escapeHtml(title)}（公示）</h1>
${ended}<p class="facts">公示时间：${timeOf(publishedAtMs)} 至 ${dayOf(openUntilMs)}。对公示内容有异议的，请在公示期内向村委会或平台提出。</p>
<p class="screen"><a href="/notices/${noticeId}.csv">下载 CSV</a>　<a href="/notices">全部公示</a></p>
<table>
<thead><tr><th class="number">序号</th><th>户主</th><th>户编号后四位</th>${massCell('重量（千克）', 'th')}<th class="number">金额（元）</th></tr></thead>
<tbody>
`
  for await (const lines of pages) {
    const rows = lines.map(
      (line) =>
        `<tr><td class="number">${line.ordinal}</td><td>${escapeHtml(line.name)}</td><td>${escapeHtml(line.codeLast4)}</td>` +
        `${massCell(massOf(line), 'td')}<td class="number">${formatYuan(line.amountFen)}</td></tr>\n`,
    )
    yield rows.join('')
  }
  yield `</tbody>
<tfoot><tr><td colspan="${hasMass ? 4 : 3}">合计 ${lineCount} 户</td><td class="number">${formatYuan(totalFen)}</td></tr></tfoot>
</table>
<p class="facts">姓名只显示姓氏；“***”为未同意公开姓名的农户，金额照计。</p>${pageEnd}`
}

export function renderNoticeList(notices: readonly NoticeView[]): string {
  const items = notices.map(
    ({ noticeId, title, publishedAtMs, endedAs }) =>
      `<li><a href="/notices/${noticeId}">${escapeHtml(title)}</a>（${dayOf(publishedAtMs)}）${endedAs === undefined ? '' : endings[endedAs]}</li>`,
  )
  const list = items.length === 0 ? '<p>暂无公示。</p>' : `<ul>\n${items.join('\n')}\n</ul>`
  return `${pageStart('公示')}<h1>收益公示</h1>\n${list}${pageEnd}`
}

const csvColumns = [
  { name: '序号', isFromUsers: false },
  { name: '户主' },
  { name: '户编号后四位' },
  { name: '重量（千克）', isFromUsers: false },
  { name: '金额（元）', isFromUsers: false },
]

export async function* renderNoticeCsv(pages: LinePages): AsyncGenerator<Uint8Array, void, undefined> {
  let isFirst = true
  for await (const lines of pages) {
    const rows = lines.map((line) => [
      String(line.ordinal),
      line.name,
      line.codeLast4,
      massOf(line),
      formatYuan(line.amountFen),
    ])
    yield isFirst ? writeCsv(csvColumns, rows, { encoding: 'utf-8-bom' }) : writeMoreCsv(csvColumns, rows)
    isFirst = false
  }
}
