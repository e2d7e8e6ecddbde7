// How figures look to people: yuan with two decimals, grams or kilograms, dates in Chongqing's time.
import { formatYuan, type Fen } from '#shared/units/fen.ts'
import { mgToGrams, type MassMg } from '#shared/units/mass.ts'
import type { Locale } from './i18n/locale.ts'

/** 1280 fen → ¥12.80; −300 → −¥3.00. */
export function yuan(amountFen: Fen): string {
  return amountFen < 0 ? `−¥${formatYuan(-amountFen)}` : `¥${formatYuan(amountFen)}`
}

/** 132000 mg → 132 g; 1500000 mg → 1.5 kg. */
export function mass(massMg: MassMg): string {
  const grams = mgToGrams(massMg)
  if (Math.abs(grams) >= 1_000) return `${(grams / 1_000).toFixed(3).replace(/\.?0+$/, '')} kg`
  return `${grams.toFixed(1).replace(/\.0$/, '')} g`
}

const zone = 'Asia/Shanghai'

/** To the minute; with the year, since bills are kept for good and jars keep for longer than a year. */
export function dateTime(atMs: number, locale: Locale): string {
  return new Intl.DateTimeFormat(locale === 'zh' ? 'zh-CN' : 'en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  }).format(atMs)
}

export function dateTimeLong(atMs: number, locale: Locale): string {
  return new Intl.DateTimeFormat(locale === 'zh' ? 'zh-CN' : 'en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  }).format(atMs)
}

/** 2026-11-27 in the words of the language. */
export function day(atMs: number, locale: Locale): string {
  return new Intl.DateTimeFormat(locale === 'zh' ? 'zh-CN' : 'en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(atMs)
}

/** `YYYY-MM-DD` in Chongqing, as the server takes it. */
export function isoDay(atMs: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(atMs)
}

/** Tenths of a degree: 43 → 4.3 °C. */
export function temperature(deciC: number): string {
  return `${(deciC / 10).toFixed(1)} °C`
}

/** How long something lasts or waited: 45 秒, 12 分钟, 3 小时 20 分钟, 2 天 4 小时. */
export function duration(durationMs: number, locale: Locale): string {
  const [day, hour, minute, second] = locale === 'zh' ? ['天', '小时', '分钟', '秒'] : ['d', 'h', 'min', 's']
  const minutes = Math.floor(durationMs / 60_000)
  if (minutes < 1) return `${Math.floor(durationMs / 1_000)} ${second}`
  if (minutes < 60) return `${minutes} ${minute}`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} ${hour} ${minutes % 60} ${minute}`
  return `${Math.floor(hours / 24)} ${day} ${hours % 24} ${hour}`
}

/** 1,234,567 bytes → 1.2 MB. */
export function fileSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
