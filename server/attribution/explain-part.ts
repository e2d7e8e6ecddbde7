// One part of a sale line, spelled out so that anyone can compute it again: sale amount − fund, × the plan's share, × the
// household's share of the lot = the part. The words are for people; the figures are those the split was made with.
import { formatYuan } from '#shared/units/fen.ts'
import { wholeBp } from './rules.ts'
import type { PartRole } from './rules.ts'

export interface ExplainedPart {
  readonly role: PartRole
  readonly amountFen: number
  readonly shareBp: number
  readonly shareFen: number
  readonly weight: number
  readonly weightTotal: number
  readonly roundingFen: number
}

export interface ExplainedLine {
  readonly amountFen: number
  readonly isCertified: boolean
  /** What went to the relief fund before the shares. */
  readonly fundFen: number
  readonly planVersion: number
  /** What a source's weight counts: milligrams or units. */
  readonly measure: 'mass' | 'units'
}

const roleNames: Record<PartRole, string> = {
  household: '农户',
  supplier: '供货商',
  organisation: '合作社',
  fund: '基金',
  operator: '运营',
  unattributed: '待归属',
}

const percent = (bp: number) => `${Math.trunc(bp / 100)}.${String(bp % 100).padStart(2, '0')} %`

function quantity(weight: number, measure: ExplainedLine['measure']): string {
  if (measure === 'units') return `${weight} 件`
  return `${Math.trunc(weight / 1_000_000)}.${String(weight % 1_000_000).padStart(6, '0')} 公斤`
}

/** The steps of the sum, one sentence each; the last ends with the part's amount. */
export function explainPart(part: ExplainedPart, line: ExplainedLine): string[] {
  const sold = `销售额 ${formatYuan(line.amountFen)} 元，分配方案第 ${line.planVersion} 版`
  if (part.role === 'fund') {
    return [sold, `非认定产品计提基金 ${percent(part.shareBp)}：${formatYuan(part.amountFen)} 元`]
  }
  const baseFen = line.amountFen - line.fundFen
  const base = line.fundFen === 0 ? [] : [`减基金 ${formatYuan(line.fundFen)} 元，余 ${formatYuan(baseFen)} 元`]
  const share = `${roleNames[part.role]}份额 ${formatYuan(baseFen)} 元 × ${percent(part.shareBp)} = ${formatYuan(part.shareFen)} 元`
  if (part.role !== 'household')
    return [sold, ...base, `${share}${roundingNote(part.roundingFen, divides(baseFen, part.shareBp, wholeBp))}`]
  const note = roundingNote(part.roundingFen, divides(part.shareFen, part.weight, part.weightTotal))
  const own = quantity(part.weight, line.measure)
  const whole = quantity(part.weightTotal, line.measure)
  return [
    sold,
    ...base,
    share,
    `本户供货 ${own} ÷ 批次 ${whole} × ${formatYuan(part.shareFen)} 元 = ${formatYuan(part.amountFen)} 元${note}`,
  ]
}

/** What became of the fraction of a fen, where there was one. */
function roundingNote(roundingFen: number, isExact: boolean): string {
  if (isExact) return ''
  return roundingFen === 0 ? '（不足一分舍去）' : `（最大余数法进 ${roundingFen} 分）`
}

const divides = (factor: number, weight: number, total: number) =>
  (BigInt(factor) * BigInt(weight)) % BigInt(total) === 0n
