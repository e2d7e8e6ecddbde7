// `npm run server`: the server alone, configured by environment variables (`--help` lists them). Ends cleanly on SIGINT or
// SIGTERM; a second signal ends it at once.
import { once } from 'node:events'
import { createApp } from './app.ts'
import { ConfigError, describeEnvironment, readServerConfig } from './config/server-config.ts'

async function main(): Promise<void> {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(describeEnvironment())
    return
  }
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => (ending.signal.aborted ? process.exit(1) : ending.abort()))
  await using app = await createApp(readServerConfig(process.env))
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

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof ConfigError ? error.message : String((error as Error).stack ?? error)}\n`)
  process.exitCode = 1
})
