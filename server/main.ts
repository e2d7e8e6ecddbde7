// `npm run server`: the server alone, configured by environment variables (`--help` lists them). Ends cleanly on SIGINT or
// SIGTERM; a second signal ends it at once. As a thread of itself it thinks about the night's plan.
import { once } from 'node:events'
import { isMainThread } from 'node:worker_threads'
import { createApp } from './app.ts'
import { ConfigError, describeEnvironment, readServerConfig } from './config/server-config.ts'
import { DatabaseError } from './db/database-error.ts'
import { answerNightRequests } from './restock-tasks/night-thread.ts'

async function main(): Promise<void> {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(describeEnvironment())
    return
  }
  // Whoever read our output may be gone; the cabinets are not.
  process.stdout.on('error', () => {})
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => (ending.signal.aborted ? process.exit(1) : ending.abort()))
  await using app = await createApp(readServerConfig(process.env), { program: new URL(import.meta.url) })
  app.ctx.metrics.collectProcess()
  const { firstAdmin } = app
  if (firstAdmin !== undefined)
    process.stdout.write(
      `\nFirst start: sign in as "${firstAdmin.login}" with the one-time password ${firstAdmin.oneTimePassword}\n` +
        'It is shown only now; you choose your own at the first sign-in.\n\n',
    )
  process.stdout.write(`Pages and API: ${app.httpUrl}\nCabinets (MQTT): ${app.mqttUrl}\n`)
  if (!ending.signal.aborted) await once(ending.signal, 'abort')
}

/** What the driver said: what is wrapped around it names our own statements. */
function firstCause(error: Error): string {
  if (error.cause instanceof Error) return firstCause(error.cause)
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name)
}

/** What people can mend is said in a sentence; anything else is ours and shows where it happened. */
function describe(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof DatabaseError && error.kind === 'connection')
    return `the database cannot be reached: ${firstCause(error)}`
  const { code, message, stack } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE' || code === 'EACCES')
    return `${message}\nHUINONG_HTTP_PORT and HUINONG_MQTT_PORT choose other ports. Is the server running already?`
  return stack ?? String(error)
}

const run = isMainThread ? main : answerNightRequests
run().catch((error: unknown) => {
  process.stderr.write(`${describe(error)}\n`)
  process.exitCode = 1
})
