// What works without HTTP: the line to the cabinets, the jobs, and effects being done. The server puts its pages on top of it
// (app.ts); the simulation runs it on a broker, a clock and a disk of its own.
import type { CancelTimer } from '#shared/time/clock.ts'
import type { Effect, ServerContext } from './context.ts'
import { findStanding, removeExpiredSignIns } from './identity/sign-in.ts'
import type { TlsOptions } from './config/read-tls.ts'
import type { CabinetLink, LinkListener } from './mqtt/cabinet-link.ts'
import { FleetLine } from './mqtt/fleet-line.ts'
import type { Job, Noun } from './nouns.ts'
import { publishReceipt } from './sessions/publish-receipt.ts'

const platformJobs = (line: FleetLine): readonly Job[] => [
  // They have a grace of a quarter of a minute anyway.
  { name: 'end unanswered commands', intervalMs: 5_000, run: () => line.sweepCommands() },
  {
    name: 'remove expired sign-ins',
    intervalMs: 60_000,
    run: ({ database }) => database.run(removeExpiredSignIns),
  },
  {
    // Ended by themselves, by another process, or between the look at the cookie and the page's first word.
    name: 'close pages of ended sign-ins',
    intervalMs: 20_000,
    run: async ({ database, hub }) => {
      const open = hub.signIns()
      if (open.length === 0) return
      const ids = open.map(({ sessionId }) => sessionId)
      const standing = await database.read((unit) => findStanding(unit, ids))
      for (const { accountId, sessionId } of open)
        if (!standing.has(sessionId)) hub.signOut(accountId, { only: sessionId })
    },
  },
]

/** Runs jobs one after another with a pause between turns; returns what stops them and waits for the one under way. */
function startJobs(ctx: ServerContext, jobs: readonly Job[]): () => Promise<void> {
  const stopping = new AbortController()
  const cancels = new Map<Job, CancelTimer>()
  const running = new Map<Job, Promise<void>>()
  const turn = (job: Job) => {
    const work = job
      .run(ctx, stopping.signal)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) ctx.logger.error({ err: error, job: job.name }, 'a job failed')
      })
      .finally(() => {
        running.delete(job)
        if (!stopping.signal.aborted)
          cancels.set(
            job,
            ctx.clock.setTimer(job.intervalMs, () => turn(job)),
          )
      })
    running.set(job, work)
  }
  for (const job of jobs)
    cancels.set(
      job,
      ctx.clock.setTimer(job.intervalMs, () => turn(job)),
    )
  return async () => {
    stopping.abort()
    for (const cancel of cancels.values()) cancel()
    await Promise.all(running.values())
  }
}

/** Does effects: pages of this process at once, cabinets and other processes through the line. */
function makePerform(
  parts: Pick<ServerContext, 'hub' | 'database' | 'logger' | 'metrics'>,
  late: { line?: FleetLine },
) {
  const { hub, logger, metrics } = parts
  return (effects: readonly Effect[]) => {
    for (const effect of effects) {
      if (effect.kind === 'live') hub.publish(effect.accountId, effect.update)
      if (effect.kind === 'sign-out') hub.signOut(effect.accountId, { except: effect.exceptSessionId })
      if (effect.kind === 'receipt')
        publishReceipt(parts, effect).catch((error: unknown) => {
          metrics.effectFailures.inc({ kind: effect.kind })
          logger.warn({ err: error }, 'a receipt could not be shown')
        })
      late.line?.perform(effect)
    }
  }
}

export interface CoreOptions {
  readonly nouns: readonly Noun[]
  /** Takes what ends the parts that were started, in the order of their start. */
  readonly ends: Array<() => unknown>
  /** Instead of the broker that the configuration names. */
  readonly openLink?: ((listener: LinkListener) => CabinetLink) | undefined
  /** Of the embedded broker. */
  readonly tls?: TlsOptions | undefined
}

/** Opens the line to the cabinets and starts the jobs. */
export async function startCore(
  parts: Omit<ServerContext, 'perform' | 'mqttUrl'>,
  { nouns, ends, openLink, tls }: CoreOptions,
): Promise<{ readonly ctx: ServerContext; readonly line: FleetLine }> {
  const late: { line?: FleetLine } = {}
  const ctx: ServerContext = { ...parts, perform: makePerform(parts, late), mqttUrl: () => late.line?.url ?? '' }
  const line = new FleetLine(ctx, nouns)
  late.line = line
  ends.push(() => line[Symbol.asyncDispose]())
  await line.open({ openLink, tls })
  ends.push(startJobs(ctx, [...platformJobs(line), ...nouns.flatMap(({ jobs }) => jobs ?? [])]))
  return { ctx, line }
}
