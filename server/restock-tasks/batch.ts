// `npm run batch -- plan-restock`: the day's tasks and routes, with their length beside the bound; what the depot lacks is called for.
import { countOf } from '#shared/words/count-of.ts'
import { dayOf } from '../calendar/rules.ts'
import type { BatchJob } from '../batch/job.ts'
import { planDay } from './plan-day.ts'
import { usualPlan } from './plan-nightly.ts'

const planRestockJob: BatchJob = {
  name: 'plan-restock',
  describe: 'Plans a day’s restocking as tasks and routes, and calls households to harvest what the depot lacks.',
  options: { day: { value: 'YYYY-MM-DD', describe: 'the day; default today' } },
  async run({ database, clock }, args) {
    const day = typeof args['day'] === 'string' ? args['day'] : dayOf(clock.now())
    const by = { accountId: 'batch', name: 'batch' }
    const planned = await database.run((ctx) => planDay(ctx, { day, ...usualPlan, by }))
    const { tasks, routes, metres, boundMetres, shortBySku, needs } = planned
    const km = (length: number) => (length / 1000).toFixed(1)
    const short = [...shortBySku.values()].reduce((sum, units) => sum + units, 0)
    return [
      `${day}: ${countOf(tasks, 'task')} on ${countOf(routes, 'route')}.`,
      `${km(metres)} km as the crow flies; no routes over these stops are shorter than ${km(boundMetres)} km.`,
      `Short at the depot: ${countOf(short, 'unit')}. Raised: ${countOf(needs, 'call')} for harvest.`,
    ]
  },
}

export const restockTaskJobs: readonly BatchJob[] = [planRestockJob]
