// Looks for sessions whose cabinet fell silent, every few seconds for as long as the server runs.
import type { ServerContext } from '../context.ts'
import { expireSessions } from './expire-sessions.ts'

const sweepIntervalMs = 5_000

/** Starts the sweep; the returned function ends it. A sweep that fails is logged and the next one tries again. */
export function startSessionSweep(
  server: Pick<ServerContext, 'clock' | 'database' | 'logger' | 'perform'>,
): () => void {
  const { clock, database, logger } = server
  let isEnded = false
  let cancelTimer = clock.setTimer(sweepIntervalMs, sweep)
  function sweep(): void {
    database
      .run(expireSessions)
      .then(
        (effects) => server.perform(effects),
        (error: unknown) => logger.warn({ err: error }, 'sessions were not swept'),
      )
      .finally(() => {
        if (!isEnded) cancelTimer = clock.setTimer(sweepIntervalMs, sweep)
      })
  }
  return () => {
    isEnded = true
    cancelTimer()
  }
}
