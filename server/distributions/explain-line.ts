// A distribution spelled out so that anyone can compute it again: the waterfall from income to pools, and each line's part of
// its pool. The words are for people; the figures are those the split was made with.
import { formatYuan } from '#shared/units/fen.ts'
import { partOf } from './rules.ts'
import type { Line, Step, Terms } from './rules.ts'

export const stepNames: Readonly<Record<Step, string>> = {
  reserve: '公积金',
  welfare: '公益金',
  reinvestment: '再生产发展资金',
  LAND: '土地股',
  CAPITAL: '资金股',
  BASIC: '基本股',
  COLLECTIVE: '集体股',
  MU: '土地保底',
  VOLUME: '交易量返还',
  CONTRIBUTION: '出资及份额',
  PAYEE: '二次分配',
}

const percent = (bp: number) => `${Math.trunc(bp / 100)}.${String(bp % 100).padStart(2, '0')} %`
const decimal = (value: number, digits: number) => {
  const unit = 10 ** digits
  return `${Math.trunc(value / unit)}.${String(value % unit).padStart(digits, '0')}`
}

/** A weight in what it is measured in. */
function quantity(step: Step, weight: number): string {
  switch (step) {
    case 'VOLUME':
      return `${decimal(weight, 6)} 公斤`
    case 'MU':
      return `${decimal(weight, 3)} 亩`
    case 'CONTRIBUTION':
      return `${decimal(weight, 3)} 元`
    case 'PAYEE':
      return String(weight)
    default:
      return `${decimal(weight, 3)} 股`
  }
}

/** From income to what the members share, one sentence a step. */
export function explainWaterfall(terms: Terms, distributableFen: number): string[] {
  const { template, incomeFen, lossesFen, charter } = terms
  if (template === 'SECOND')
    return [
      `基数 ${formatYuan(incomeFen)} 元 × ${percent(charter.second?.rateBp ?? 0)} = ${formatYuan(distributableFen)} 元`,
    ]
  const baseFen = incomeFen - lossesFen
  const losses = lossesFen === 0 ? [] : [`减亏损 ${formatYuan(lossesFen)} 元，余 ${formatYuan(baseFen)} 元`]
  const rates = [
    ['reserve', charter.reserveBp],
    ['welfare', charter.welfareBp],
    ['reinvestment', charter.reinvestmentBp],
  ] as const
  const deductions = rates
    .filter(([, bp]) => bp > 0)
    .map(
      ([step, bp]) =>
        `${stepNames[step]} ${formatYuan(baseFen)} 元 × ${percent(bp)} = ${formatYuan(partOf(baseFen, bp))} 元`,
    )
  return [`收入 ${formatYuan(incomeFen)} 元`, ...losses, ...deductions, `可分配 ${formatYuan(distributableFen)} 元`]
}

/** One line's sum; ends with its amount. */
export function explainLine(line: Omit<Line, 'ordinal' | 'accountId'>): string {
  const { step, householdCode, amountFen, poolFen, weight, weightTotal, roundingFen } = line
  const name = stepNames[step]
  if (householdCode === undefined) return `${name} ${formatYuan(amountFen)} 元`
  const isExact = (BigInt(poolFen) * BigInt(weight)) % BigInt(weightTotal) === 0n
  const note = isExact ? '' : roundingFen === 0 ? '（不足一分舍去）' : `（最大余数法进 ${roundingFen} 分）`
  return (
    `${name} ${formatYuan(poolFen)} 元 × ${quantity(step, weight)} ÷ ${quantity(step, weightTotal)}` +
    ` = ${formatYuan(amountFen)} 元${note}`
  )
}
