import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { createAgent } from './compose-agent.ts'
import { agentHelp, loadAgentConfig } from './compose-config.ts'

/** `npm run agent`: one production cabinet, until a signal or a commanded reboot ends it. */

const { values } = parseArgs({ options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
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
  const logger = pino({ level: config.log, name: 'cabinet-agent' })
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
