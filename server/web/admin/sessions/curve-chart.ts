// The chart of one lane's curve: time across, grams up; both levels as lines, the steps numbered, the open door shaded.
import type { EChartsCoreOption } from 'echarts/core'
import { mgToGrams } from '#shared/units/mass.ts'
import type { LaneCurve } from './lane-curves.ts'

export interface CurveWords {
  readonly before: string
  readonly after: string
  readonly doorOpen: string
  /** The unit on the time axis. */
  readonly seconds: string
}

const colours = {
  curve: '#2a7a50',
  before: '#5b6f63',
  after: '#a94e08',
  step: '#1f5a8a',
  door: 'rgba(233, 126, 31, 0.09)',
}

export function curveOption(curve: LaneCurve, words: CurveWords): EChartsCoreOption {
  const level = (name: string, massMg: number | undefined, color: string, position: string) =>
    massMg === undefined
      ? []
      : [
          {
            yAxis: mgToGrams(massMg),
            lineStyle: { color, type: 'dashed', width: 1.5 },
            label: { formatter: name, position, color },
          },
        ]
  const steps = curve.steps.map(({ atS }, index) => ({
    xAxis: atS,
    lineStyle: { color: colours.step, type: 'solid', width: 1 },
    label: { formatter: String(index + 1), position: 'end', color: colours.step, fontWeight: 'bold' },
  }))
  const door = curve.door
  return {
    grid: { left: 64, right: 24, top: 28, bottom: 34 },
    xAxis: {
      type: 'value',
      scale: true,
      axisLabel: { formatter: `{value} ${words.seconds}` },
      splitLine: { show: false },
      axisLine: { onZero: false },
    },
    yAxis: { type: 'value', scale: true, axisLabel: { formatter: '{value} g' }, axisLine: { show: false } },
    tooltip: { trigger: 'axis', renderMode: 'richText', valueFormatter: (grams: unknown) => `${String(grams)} g` },
    series: [
      {
        type: 'line',
        name: curve.laneId,
        data: curve.points.map((point) => [...point]),
        showSymbol: false,
        connectNulls: false,
        lineStyle: { color: colours.curve, width: 1.5 },
        itemStyle: { color: colours.curve },
        markLine: {
          symbol: 'none',
          silent: true,
          data: [
            ...level(words.before, curve.beforeMg, colours.before, 'insideStartTop'),
            ...level(words.after, curve.afterMg, colours.after, 'insideEndTop'),
            ...steps,
          ],
        },
        ...(door === undefined
          ? {}
          : {
              markArea: {
                silent: true,
                itemStyle: { color: colours.door },
                label: { color: '#8a3f05', fontSize: 11, position: 'insideTop' },
                data: [[{ name: words.doorOpen, xAxis: door.fromS }, { xAxis: door.toS }]],
              },
            }),
      },
    ],
  }
}
