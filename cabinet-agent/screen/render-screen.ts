import { encode } from 'uqr'
import type { CartLine, LiveMessage } from '#shared/contracts/mqtt/live.ts'
import { formatYuan } from '#shared/units/fen.ts'
import { mgToGrams } from '#shared/units/mass.ts'
import { agentVersion } from '../agent-version.ts'
import type { ScreenLane, ScreenStage, ScreenView } from './screen-view.ts'
import { screenWords, type ScreenLanguage, type ScreenWords } from './screen-words.ts'

/** What stays the same as long as the process runs. */
export interface ScreenPlace {
  code: string
  /** Address behind the code to scan. */
  buyerUrl: string
}

/** The regions of the page as HTML, by element id; the browser replaces those that changed. */
export interface ScreenParts {
  head: string
  state: string
  shelf: string
}

/** Stages in which something is wrong, so that the panel says so by its colour too. */
const troubles = new Set<ScreenStage>([
  'door_open',
  'offline',
  'out_of_service',
  'over_temperature',
  'lanes_locked',
  'scale_fault',
  'scale_unverified',
  'lock_fault',
  'maintenance',
])

export function renderScreen(view: ScreenView, place: ScreenPlace, language: ScreenLanguage): ScreenParts {
  const words = screenWords[language]
  return {
    head: renderHead(view, place, language),
    state: renderState(view, place, words),
    shelf: renderShelf(view.lanes, words),
  }
}

/** The whole page, which shows the state without any script and follows it with one. */
export function renderPage(view: ScreenView, place: ScreenPlace, language: ScreenLanguage): string {
  const words = screenWords[language]
  const { head, state, shelf } = renderScreen(view, place, language)
  return `<!doctype html>
<html lang="${words.htmlLang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(`${words.product} ${place.code}`)}</title>
<link rel="stylesheet" href="/screen.css">
<script type="module" src="/screen.js"></script>
</head>
<body data-language="${language}" data-agent="${agentVersion}">
<p id="gone" role="alert" hidden>${escape(words.gone)}</p>
<header id="head">${head}</header>
<main>
<section id="state" aria-live="polite">${state}</section>
<section id="shelf">${shelf}</section>
</main>
</body>
</html>
`
}

function renderHead({ isOnline }: ScreenView, { code }: ScreenPlace, language: ScreenLanguage): string {
  const words = screenWords[language]
  const [other, otherName, otherLang] = language === 'zh' ? ['en', 'English', 'en'] : ['zh', '中文', 'zh-CN']
  return [
    `<p class="brand"><b>${words.product}</b> <span class="code">${escape(code)}</span></p>`,
    `<p class="network${isOnline ? ' is-on' : ''}">${isOnline ? words.online : words.offline}</p>`,
    `<a class="language" href="/?lang=${other}" lang="${otherLang}">${otherName}</a>`,
  ].join('')
}

function renderState(view: ScreenView, place: ScreenPlace, words: ScreenWords): string {
  const { stage, cart, isOnline, mayScan } = view
  const [headline, onlineHint] = words.stages[stage]
  const hint = (isOnline ? undefined : words.offlineHints[stage]) ?? onlineHint
  const isBusy = stage === 'open' || stage === 'closing' || stage === 'opening'
  const tone = troubles.has(stage) ? 'is-trouble' : isBusy ? `is-busy is-${stage}` : 'is-calm'
  const parts = [
    `<div class="stage ${tone}" data-stage="${stage}"><h1>${escape(headline)}</h1><p>${escape(hint)}</p></div>`,
  ]
  if (cart !== undefined) parts.push(renderNotices(cart.notices, words), renderCart(cart, view.lanes, words))
  else if (mayScan) {
    const label = escape(words.scan(place.code))
    parts.push(`<figure class="scan">${drawCode(place.buyerUrl, label)}<figcaption>${label}</figcaption></figure>`)
  }
  return parts.join('')
}

function renderNotices(notices: LiveMessage['notices'], words: ScreenWords): string {
  const told = notices.map(({ kind, laneId }) => {
    const lane = laneId === undefined ? '' : words.lane(laneId)
    if (kind === 'misplaced') return words.misplaced(lane)
    return kind === 'foreign' ? words.foreign(lane) : words.doorOpenLong
  })
  const items = [...new Set(told)].map((text) => `<li>${escape(text)}</li>`).join('')
  return items === '' ? '' : `<ul class="notices" role="alert">${items}</ul>`
}

function renderCart(
  { cart, totalFen }: Pick<LiveMessage, 'cart' | 'totalFen'>,
  lanes: readonly ScreenLane[],
  words: ScreenWords,
): string {
  const nameOf = (line: CartLine) => lanes.find(({ laneId }) => laneId === line.laneId)?.name ?? words.lane(line.laneId)
  const amountOf = ({ mode, massMg = 0, count = 0, isSettling }: CartLine) => {
    if (isSettling) return words.weighing
    return mode === 'weight' ? `${mgToGrams(massMg).toFixed(0)} g` : words.pieces(count)
  }
  const lines = cart.map(
    (line) =>
      `<li><span>${escape(nameOf(line))}</span><small>${amountOf(line)}</small><b>¥${formatYuan(line.amountFen)}</b></li>`,
  )
  const list =
    lines.length === 0 ? `<p class="empty">${words.cartEmpty}</p>` : `<ul class="lines">${lines.join('')}</ul>`
  const total = `<p class="total"><span>${words.total}</span><b data-total>¥${formatYuan(totalFen)}</b></p>`
  return `<div class="cart"><h2>${words.cart}</h2>${list}${total}<p class="preview">${words.preview}</p></div>`
}

function renderShelf(lanes: readonly ScreenLane[], words: ScreenWords): string {
  const items = lanes.map((lane) => {
    const unit = lane.isByWeight ? words.perKg : words.each
    const isOnSale = lane.status === 'on_sale'
    const note = lane.status === 'on_sale' ? words.left(lane.count) : words.statuses[lane.status]
    return [
      `<li class="${isOnSale ? 'is-on-sale' : 'is-off'}" data-lane="${lane.laneId}" data-status="${lane.status}">`,
      `<i>${Number(lane.laneId.slice(1))}</i><span>${escape(lane.name)}</span>`,
      `<b>¥${formatYuan(lane.priceFen)}<small> / ${unit}</small></b><em>${note}</em></li>`,
    ].join('')
  })
  return `<h2>${words.shelf}</h2><ul>${items.join('')}</ul>`
}

/** A QR code as one path. */
function drawCode(text: string, label: string): string {
  const { data, size } = encode(text, { border: 2 })
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return `<svg viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}"><path d="${path}" shape-rendering="crispEdges"/></svg>`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
