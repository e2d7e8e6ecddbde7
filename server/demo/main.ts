// `npm start`: the demo as one command. Reads the options, starts everything, and ends everything on Ctrl-C.
import { join } from 'node:path'
import { DemoError } from './demo-file.ts'
import { helpText, readOptions, UsageError } from './options.ts'
import { startDemo } from './start-demo.ts'

// Whoever read our output (head, a closed terminal) may be gone: the demo goes on until it is told to end.
process.stdout.on('error', () => {})
const say = (line: string) => void process.stdout.write(`${line}\n`)

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    say(helpText)
    return
  }
  const stop = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!stop.signal.aborted) say('\nEnding…')
        stop.abort(new Error(signal))
        resolve()
      })
    }
  })
  try {
    await using _demo = await startDemo(options, {
      fleetEntry: process.env['HUINONG_DEMO_FLEET_ENTRY'] ?? '',
      webDirectory: join(process.cwd(), 'server/web/dist'),
      say,
      signal: stop.signal,
    })
    await stopped
  } catch (error) {
    // Ctrl-C while it starts breaks off whatever was waited for: that is no failure.
    if (!stop.signal.aborted) throw error
  }
}

try {
  await main()
} catch (error) {
  const isForPeople = error instanceof DemoError || error instanceof UsageError
  process.stderr.write(`${isForPeople ? error.message : String((error as Error).stack ?? error)}\n`)
  process.exitCode = 1
}
