// How lists come in pages: apart from the other contracts, as a phone that has just scanned a code carries no list.
import { z } from 'zod'

/** Cursor paging: pass `nextCursor` of one page as `cursor` of the next. */
export const PageQuery = z.object({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
/** The same of a list that goes by time. */
export const TimedPageQuery = PageQuery.extend({ order: z.enum(['newest', 'oldest']).default('newest') })
/** The same of a list that goes by a code or a name. */
export const NamedPageQuery = PageQuery.extend({ order: z.enum(['ascending', 'descending']).default('ascending') })
/** A page of rows. */
export function pageOf<S extends z.ZodType>(row: S) {
  return z.object({ rows: z.array(row), nextCursor: z.string().optional() })
}
