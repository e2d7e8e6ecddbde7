import { z } from 'zod'
import { EpochMs } from '../../time/clock.ts'
import { defineRoute } from './route.ts'

/** Whether the money is accounted for, in figures that name nobody. */
export const MoneyAccuracy = z
  .object({
    /** The newest proof of the books: every transfer balances, every cache equals its replay. Absent before the first. */
    books: z.object({ isSound: z.boolean(), checkedTransfers: z.int(), checkedAtMs: EpochMs }).optional(),
    /** The newest comparison of each channel with its statement, fen; 0 is what it should be. */
    reconciliations: z.array(
      z.object({ channel: z.string(), subject: z.string(), differenceFen: z.int(), open: z.int(), atMs: EpochMs }),
    ),
    /** Of the sales of the last 24 hours that ended, those that no person had to look at; absent without sales. */
    automaticShare: z.number().min(0).max(1).optional(),
    sales: z.int(),
  })
  .meta({ id: 'MoneyAccuracy' })

export const getMoneyAccuracy = defineRoute({
  method: 'GET',
  path: '/api/status/money',
  tag: 'status',
  summary: 'Public status: are the books sound, what was the last difference, how much settles by itself',
  access: 'public',
  reply: MoneyAccuracy,
  status: 200,
})
