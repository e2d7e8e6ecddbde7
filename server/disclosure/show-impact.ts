// The public figures of what households earned, by year, town and product.
import { asc, desc, inArray } from 'drizzle-orm'
import type { z } from 'zod'
import type { getImpact } from '#shared/contracts/http/disclosure.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'
import { leastHouseholds } from './impact-rules.ts'

type Impact = z.input<(typeof getImpact)['reply']>
type Source = NonNullable<Impact['rows'][number]['source']>

function* townNames({ db, tables: { villages: v } }: UnitContext): Unit<Map<string, string>> {
  const found = yield* rows(db.selectDistinct({ code: v.townCode, name: v.townName }).from(v))
  return new Map(found.map(({ code, name }) => [code, name]))
}

/** Of a product that is kept as `sku:<id>` or `source:<name>`; nothing of several together. */
function sourceOf(product: string): Source | undefined {
  if (product === '') return undefined
  return product.startsWith('sku:') ? 'sale' : (product.slice('source:'.length) as Source)
}

export function* showImpact(ctx: UnitContext): Unit<Impact> {
  const { publicImpact: t, skus: k } = ctx.tables
  const cells = yield* rows(ctx.db.select().from(t).orderBy(desc(t.year), asc(t.townCode), asc(t.product)))
  const skuIds = [...new Set(cells.flatMap(({ product }) => (product.startsWith('sku:') ? [product.slice(4)] : [])))]
  const names = new Map(
    skuIds.length === 0
      ? []
      : (yield* rows(ctx.db.select({ skuId: k.skuId, name: k.name }).from(k).where(inArray(k.skuId, skuIds)))).map(
          ({ skuId, name }) => [skuId, name] as const,
        ),
  )
  const towns = yield* townNames(ctx)
  const [first] = cells
  return {
    leastHouseholds,
    ...(first === undefined ? {} : { throughDay: first.throughDay }),
    rows: cells.map(({ year, townCode, product, households, amountFen }) => {
      const source = sourceOf(product)
      return {
        year,
        households,
        amountFen,
        ...(townCode === '' ? {} : { townName: towns.get(townCode) ?? townCode }),
        ...(source === undefined ? {} : { source }),
        ...(source === 'sale' ? { product: names.get(product.slice(4)) ?? '' } : {}),
      }
    }),
  }
}
