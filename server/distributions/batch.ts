// Batch jobs of distributions.
import { runDistribution as runRoute } from '#shared/contracts/http/distributions.ts'
import { formatYuan } from '#shared/units/fen.ts'
import { requirePerson } from '../batch/input-file.ts'
import type { BatchContext, BatchJob } from '../batch/job.ts'
import { RefusalError } from '../errors/refusal.ts'
import { explainLine, explainWaterfall } from './explain-line.ts'
import { findTerms, runDistribution, toLine } from './run-distribution.ts'
import { findLines, requirePlan } from './store.ts'

/** Every line of a plan with its arithmetic; books nothing. */
async function previewPlan({ database }: BatchContext, planId: string): Promise<string[]> {
  return database.read(function* (ctx) {
    const plan = yield* requirePlan(ctx, planId)
    const terms = yield* findTerms(ctx, plan)
    const lines = (yield* findLines(ctx, planId)).map(toLine)
    return [
      `${plan.title} (${plan.state}), basis ${plan.basisHash}`,
      ...explainWaterfall(terms, plan.distributableFen),
      ...lines.map((line) => `${line.accountId}  ${explainLine(line)}`),
      `${lines.length} lines, ${formatYuan(plan.totalFen)} yuan; nothing is booked.`,
    ]
  })
}

async function runPlan({ database }: BatchContext, planId: string, login: string): Promise<string[]> {
  const { plan, lineCount } = await database.run(function* (ctx) {
    return yield* runDistribution(ctx, planId, yield* requirePerson(ctx, login, runRoute))
  })
  return [`${plan.title}: ${lineCount} lines, ${formatYuan(plan.totalFen)} yuan are booked.`]
}

export const distributionJobs: readonly BatchJob[] = [
  {
    name: 'distribute',
    describe: 'Shows every line of a distribution plan, or with --by books an adopted one',
    options: {
      plan: { value: 'ID', describe: 'the plan', isRequired: true },
      by: { value: 'LOGIN', describe: 'login of who runs it; not of who prepared it' },
    },
    async run(ctx, { plan, by }, progress) {
      if (typeof plan !== 'string') throw new RefusalError('distribution.unknown')
      progress(0, 1)
      const lines = typeof by === 'string' ? await runPlan(ctx, plan, by) : await previewPlan(ctx, plan)
      progress(1, 1)
      return lines
    },
  },
]
