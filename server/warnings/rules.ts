// The five rules of warning (domain.md, programme rules): pure. Each says what it saw and by which threshold, or nothing.
import {
  dayMs,
  districtDateOf,
  districtDayStartMs,
  districtMonthDayOf,
  districtYearOf,
} from '#shared/time/district-time.ts'
import { formatYuan } from '#shared/units/fen.ts'
import type { EvidenceRow, WarningRule } from './schema.ts'

export const thresholds = {
  /** Income below this part of the window before warns. */
  incomePermille: 700,
  /** Length of an income window. */
  windowDays: 365,
  /** Days without a sale inside the season. */
  noSaleDays: 21,
  /** Days a surplus may be open. */
  surplusDays: 7,
  /** Failed payout attempts. */
  payoutFailures: 2,
} as const

/** What a rule found. */
export interface Finding {
  readonly rule: WarningRule
  /** The matter: the same one warns once. */
  readonly subject: string
  readonly ruleText: string
  readonly evidence: readonly EvidenceRow[]
}

const yuan = (amountFen: number) => `${formatYuan(amountFen)} 元`

/** Income of the last 12 months below 70 % of the 12 months before. Nothing before is nothing to compare with. */
export function findIncomeFall(income: {
  readonly lastFen: number
  readonly beforeFen: number
  readonly nowMs: number
}): Finding | undefined {
  const { lastFen, beforeFen, nowMs } = income
  const { incomePermille, windowDays } = thresholds
  if (beforeFen <= 0 || lastFen * 1_000 >= beforeFen * incomePermille) return undefined
  return {
    rule: 'INCOME_FELL',
    subject: districtDateOf(nowMs).slice(0, 7),
    ruleText: `近 ${windowDays} 天归户收入低于上年同期的 ${incomePermille / 10}%`,
    evidence: [
      { label: '近 12 个月归户收入', value: yuan(lastFen), source: `截至 ${districtDateOf(nowMs)}` },
      { label: '上年同期归户收入', value: yuan(beforeFen) },
      { label: '比例', value: `${((Math.max(0, lastFen) * 100) / beforeFen).toFixed(1)}%` },
    ],
  }
}

export interface Line {
  readonly year: number
  readonly amountFen: number
  readonly documentNumber: string
}

/** Known net income per head below the year's line. A household of which no income is known is not judged by it. */
export function findBelowLine(household: {
  /** Four kinds less operating cost, 12 months; undefined: nothing known. */
  readonly netFen: number | undefined
  readonly population: number
  readonly line: Line | undefined
}): Finding | undefined {
  const { netFen, population, line } = household
  if (netFen === undefined || line === undefined || netFen >= line.amountFen * population) return undefined
  return {
    rule: 'BELOW_LINE',
    subject: String(line.year),
    ruleText: `已知人均纯收入低于 ${line.year} 年监测线`,
    evidence: [
      { label: '近 12 个月已知纯收入', value: yuan(netFen) },
      { label: '家庭人口', value: `${population} 人` },
      { label: '人均纯收入', value: yuan(Math.round(netFen / population)) },
      { label: '监测线', value: yuan(line.amountFen), source: line.documentNumber },
    ],
  }
}

export interface Season {
  /** MM-DD; may run over New Year. */
  readonly fromDay: string
  readonly toDay: string
}

/** First instant of the season that the instant lies in; undefined outside the season. */
export function seasonStartMs({ fromDay, toDay }: Season, nowMs: number): number | undefined {
  const today = districtMonthDayOf(nowMs)
  const isIn = fromDay <= toDay ? fromDay <= today && today <= toDay : fromDay <= today || today <= toDay
  if (!isIn) return undefined
  const year = districtYearOf(nowMs)
  return districtDayStartMs(fromDay <= today ? year : year - 1, fromDay)
}

/** No sale of a product for N days inside its season, counted from the season's start at the earliest. */
export function findNoSale(product: {
  readonly skuId: string
  readonly skuName: string
  readonly season: Season
  /** Undefined: never sold. */
  readonly lastSaleAtMs: number | undefined
  readonly nowMs: number
}): Finding | undefined {
  const { skuId, skuName, season, lastSaleAtMs, nowMs } = product
  const startMs = seasonStartMs(season, nowMs)
  if (startMs === undefined) return undefined
  const silentDays = Math.floor((nowMs - Math.max(startMs, lastSaleAtMs ?? 0)) / dayMs)
  if (silentDays < thresholds.noSaleDays) return undefined
  return {
    rule: 'NO_SALE_IN_SEASON',
    subject: `${skuId}/${districtDateOf(startMs)}`,
    ruleText: `产季内连续 ${thresholds.noSaleDays} 天没有销售`,
    evidence: [
      { label: '产品', value: skuName },
      { label: '产季', value: `${season.fromDay} 至 ${season.toDay}` },
      { label: '最近一次销售', value: lastSaleAtMs === undefined ? '无' : districtDateOf(lastSaleAtMs) },
      { label: '无销售天数', value: `${silentDays} 天` },
    ],
  }
}

/** A surplus that has been open for more than D days. */
export function findSurplusOpen(notice: {
  readonly noticeId: string
  readonly productName: string
  readonly leftMg: number
  readonly openedAtMs: number
  readonly nowMs: number
}): Finding | undefined {
  const { noticeId, productName, leftMg, openedAtMs, nowMs } = notice
  if (nowMs - openedAtMs <= thresholds.surplusDays * dayMs) return undefined
  return {
    rule: 'SURPLUS_OPEN',
    subject: noticeId,
    ruleText: `滞销登记超过 ${thresholds.surplusDays} 天仍未清零`,
    evidence: [
      { label: '产品', value: productName, source: noticeId },
      { label: '剩余', value: `${(leftMg / 1_000_000).toFixed(1)} kg` },
      { label: '登记日期', value: districtDateOf(openedAtMs) },
    ],
  }
}

/** Payouts of one kind that the bank has refused or sent back at least twice, one after the other. */
export function findPayoutFailed(payout: {
  /** Of the first of them: the matter. */
  readonly firstLineId: string
  readonly lineId: string
  readonly amountFen: number
  readonly failures: number
  readonly lastReason: string
}): Finding | undefined {
  const { firstLineId, lineId, amountFen, failures, lastReason } = payout
  if (failures < thresholds.payoutFailures) return undefined
  return {
    rule: 'PAYOUT_FAILED',
    subject: firstLineId,
    ruleText: `兑付失败 ${thresholds.payoutFailures} 次以上`,
    evidence: [
      { label: '金额', value: yuan(amountFen), source: lineId },
      { label: '失败次数', value: `${failures} 次` },
      { label: '最近原因', value: lastReason },
    ],
  }
}
