// The daily job: judges every relief household by the rules and raises what they find, a chunk of households per unit so that
// no unit is long. The same matter warns once; a rule whose warning waits for an outcome does not pile up another.
import { dayMs, districtYearOf } from '#shared/time/district-time.ts'
import { incomeBetween } from '../incomes/income-between.ts'
import { netOfKinds, sumOfKinds } from '../incomes/rules.ts'
import type { Database } from '../db/database.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { findBelowLine, findIncomeFall, findNoSale, findPayoutFailed, findSurplusOpen, thresholds } from './rules.ts'
import type { Finding } from './rules.ts'
import {
  findFailedPayouts,
  findGrownProducts,
  findLastSales,
  findLine,
  findOpenSurplus,
  findOpenWarnings,
  nextHouseholds,
} from './store.ts'
import type { JudgedHousehold } from './store.ts'

const householdsPerUnit = 500
/** A product that was delivered in this time is expected in its season again. */
const grownDays = 730

interface HouseholdFinding {
  readonly householdCode: string
  readonly finding: Finding
}

function* judgeIncome(ctx: UnitContext, chunk: readonly JudgedHousehold[], nowMs: number): Unit<HouseholdFinding[]> {
  const codes = chunk.map(({ householdCode }) => householdCode)
  const windowMs = thresholds.windowDays * dayMs
  const last = yield* incomeBetween(ctx, codes, { fromMs: nowMs - windowMs, beforeMs: nowMs + 1 })
  const before = yield* incomeBetween(ctx, codes, { fromMs: nowMs - 2 * windowMs, beforeMs: nowMs - windowMs })
  const line = yield* findLine(ctx, districtYearOf(nowMs))
  return chunk.flatMap(({ householdCode, population }) => {
    const known = last.get(householdCode)
    const findings = [
      findIncomeFall({ lastFen: sumOfKinds(known), beforeFen: sumOfKinds(before.get(householdCode)), nowMs }),
      findBelowLine({ netFen: known && netOfKinds(known), population, line }),
    ]
    return findings.flatMap((finding) => (finding === undefined ? [] : [{ householdCode, finding }]))
  })
}

function* judgeSales(ctx: UnitContext, codes: readonly string[], nowMs: number): Unit<HouseholdFinding[]> {
  const sinceMs = nowMs - grownDays * dayMs
  const grown = yield* findGrownProducts(ctx, codes, sinceMs)
  if (grown.length === 0) return []
  const lastSales = yield* findLastSales(ctx, codes, sinceMs)
  return grown.flatMap(({ householdCode, ...product }) => {
    const lastSaleAtMs = lastSales.get(`${householdCode}/${product.skuId}`)
    const finding = findNoSale({ ...product, lastSaleAtMs, nowMs })
    return finding === undefined ? [] : [{ householdCode, finding }]
  })
}

function* judgeSurplus(ctx: UnitContext, codes: readonly string[], nowMs: number): Unit<HouseholdFinding[]> {
  return (yield* findOpenSurplus(ctx, codes)).flatMap(({ householdCode, ...notice }) => {
    const finding = findSurplusOpen({ ...notice, nowMs })
    return finding === undefined ? [] : [{ householdCode, finding }]
  })
}

function* judgePayouts(ctx: UnitContext, codes: readonly string[]): Unit<HouseholdFinding[]> {
  return (yield* findFailedPayouts(ctx, codes)).flatMap(({ householdCode, ...payout }) => {
    const finding = findPayoutFailed(payout)
    return finding === undefined ? [] : [{ householdCode, finding }]
  })
}

interface ChunkDone {
  readonly raised: number
  /** Where the next chunk begins; undefined: all are judged. */
  readonly lastCode: string | undefined
}

function* raiseChunk(ctx: UnitContext, afterCode: string): Unit<ChunkDone> {
  const chunk = yield* nextHouseholds(ctx, afterCode, householdsPerUnit)
  const codes = chunk.map(({ householdCode }) => householdCode)
  if (codes.length === 0) return { raised: 0, lastCode: undefined }
  const nowMs = ctx.now()
  const found = [
    ...(yield* judgeIncome(ctx, chunk, nowMs)),
    ...(yield* judgeSales(ctx, codes, nowMs)),
    ...(yield* judgeSurplus(ctx, codes, nowMs)),
    ...(yield* judgePayouts(ctx, codes)),
  ]
  const open = yield* findOpenWarnings(ctx, codes)
  const raised = yield* insertRows(
    ctx.tables.warnings,
    found
      .filter(({ householdCode, finding }) => !open.has(`${householdCode}/${finding.rule}`))
      .map(({ householdCode, finding }) => ({
        warningId: ctx.newId(),
        householdCode,
        raisedAtMs: nowMs,
        ...finding,
      })),
    'ignore',
  )
  return { raised, lastCode: codes.length < householdsPerUnit ? undefined : codes.at(-1) }
}

/** Judges all households; returns how many warnings were raised. */
export async function raiseWarnings(database: Database): Promise<number> {
  let raised = 0
  let afterCode: string | undefined = ''
  while (afterCode !== undefined) {
    const from: string = afterCode
    const done = await database.run((ctx) => raiseChunk(ctx, from))
    raised += done.raised
    afterCode = done.lastCode
  }
  return raised
}
