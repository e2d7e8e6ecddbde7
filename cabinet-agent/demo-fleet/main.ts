import { fstatSync, readFileSync } from 'node:fs'
import { FleetConfig } from '#shared/contracts/demo/hands.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { pino } from 'pino'
import { FleetCabinet } from './fleet-cabinet.ts'
import { serveHands } from './hands-server.ts'

/**
 * The demo's cabinets in one process: virtual boards, a real agent on each, and hands over a WebSocket. The argument is
 * the path of a FleetConfig. Prints `{"ready":true,"handsPort":N}` when all agents run.
 */

const [configFile] = process.argv.slice(2)
if (configFile === undefined) {
  process.stderr.write('usage: demo-fleet FLEET.json\n')
  process.exit(1)
}
const config = FleetConfig.parse(JSON.parse(readFileSync(configFile, 'utf8')))
// Standard output carries the one line that others read.
const logger = pino({ name: 'demo-fleet', level: 'info' }, pino.destination({ fd: 2, sync: true }))
const stopping = new AbortController()
const stopped = new Promise<void>((resolve) => {
  stopping.signal.addEventListener('abort', () => resolve())
})
const stop = () => stopping.abort(new Error('stopped'))
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
// Whoever started us through a pipe holds its other end: when it dies, however that happens, so do we.
const input = fstatSync(0)
if (input.isFIFO() || input.isSocket()) process.stdin.on('end', stop).on('error', stop).resume()

const cabinets = new Map(
  config.cabinets.map((cabinet) => [
    cabinet.code,
    new FleetCabinet({
      cabinet,
      serverUrl: config.serverUrl,
      dataDirectory: config.dataDirectory,
      clock: systemClock,
      signal: stopping.signal,
      onLog: (level, message, detail) => logger[level](detail ?? {}, message),
    }),
  ]),
)
let exitCode = 0
try {
  await Promise.all([...cabinets.values()].map((cabinet) => cabinet.start()))
  const hands = await serveHands(config.handsPort, cabinets, systemClock)
  process.stdout.write(`${JSON.stringify({ ready: true, handsPort: hands.port })}\n`)
  await stopped
  await hands[Symbol.asyncDispose]()
} catch (error) {
  if (!stopping.signal.aborted) {
    logger.error({ error: String(error) }, 'the fleet could not start')
    exitCode = 1
  }
}
await Promise.all([...cabinets.values()].map((cabinet) => cabinet[Symbol.asyncDispose]()))
process.exit(exitCode)
