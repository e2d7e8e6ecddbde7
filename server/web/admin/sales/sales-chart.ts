// Net sales as stacked bars: a bar for each category, a part for each channel.
import type { EChartsCoreOption } from 'echarts/core'
import type { SalesMessages } from './sales-messages.ts'

export interface SalesCell {
  readonly category: keyof SalesMessages['categories']
  readonly channel: keyof SalesMessages['channels']
  readonly netFen: number
}

const colours = { cabinet: '#2a7a50', unit_order: '#e0a11b', dealer: '#2f6f9f', other: '#8a8f8b' } as const

export function salesOption(
  cells: readonly SalesCell[],
  words: Pick<SalesMessages, 'categories' | 'channels'>,
): EChartsCoreOption {
  const categories = [...new Set(cells.map(({ category }) => category))]
  const channels = (Object.keys(colours) as (keyof typeof colours)[]).filter((channel) =>
    cells.some((cell) => cell.channel === channel),
  )
  const yuanOf = (category: SalesCell['category'], channel: SalesCell['channel']) =>
    (cells.find((cell) => cell.category === category && cell.channel === channel)?.netFen ?? 0) / 100
  return {
    grid: { left: 90, right: 24, top: 12, bottom: 34 },
    xAxis: { type: 'value', axisLabel: { formatter: '¥{value}', hideOverlap: true } },
    yAxis: { type: 'category', inverse: true, data: categories.map((category) => words.categories[category]) },
    tooltip: { trigger: 'axis', renderMode: 'richText', axisPointer: { type: 'shadow' } },
    series: channels.map((channel) => ({
      type: 'bar',
      name: words.channels[channel],
      stack: 'net',
      barMaxWidth: 28,
      itemStyle: { color: colours[channel] },
      data: categories.map((category) => yuanOf(category, channel)),
    })),
  }
}

export const channelColours = colours
