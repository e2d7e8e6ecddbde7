import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { createAgent } from './compose-agent.ts'
import { agentHelp, loadAgentConfig } from './compose-config.ts'

/** `npm run agent`: one production cabinet, until a signal or a commanded reboot ends it. */

/** The arguments; without any when they cannot be read, which is said. */
function readArguments(): { config?: string; help?: boolean } {
  try {
    return parseArgs({ options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } } }).values
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n`)
    return {}
  }
}

const values = readArguments()
if (values.help === true || values.config === undefined) {
  process.stdout.write(agentHelp)
  process.exit(values.help === true ? 0 : 1)
}

const stopping = new AbortController()
let exitCode = 0
const stop = (code: number) => {
  exitCode = code
  stopping.abort(new Error('stopped'))
}
process.once('SIGINT', () => stop(0))
process.once('SIGTERM', () => stop(0))
try {
  const config = loadAgentConfig(values.config)
  // Whoever read our output may be gone; the cabinet is not. (pino's own stream throws while the process exits then.)
  process.stdout.on('error', () => {})
  const logger = pino({ level: config.log, name: 'cabinet-agent' }, process.stdout)
  const agent = await createAgent(config, {
    signal: stopping.signal,
    onRestart: () => stop(75),
    onLog: (level, message, detail) => logger[level](detail ?? {}, message),
  })
  if (!stopping.signal.aborted) await new Promise((resolve) => stopping.signal.addEventListener('abort', resolve))
  await agent[Symbol.asyncDispose]()
  process.exit(exitCode)
} catch (error) {
  if (stopping.signal.aborted) process.exit(exitCode)
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
