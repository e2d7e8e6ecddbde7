import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { createAgent } from './compose-agent.ts'
import { agentHelp, type AgentConfig, loadAgentConfig } from './compose-config.ts'
import { ReleaseStore } from './releases/release-store.ts'
import { releaseVariable, restartExitCode, runTrial } from './releases/run-trial.ts'

/** `npm run agent`: one production cabinet, until a signal, a commanded reboot or another release ends it. */

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
  const store = new ReleaseStore(join(config.dataDirectory, 'releases'))
  const isInstalled = process.env[releaseVariable] === undefined
  const release = isInstalled ? store.current() : undefined
  // The agent that was installed begins; from there a release goes on in its place.
  if (release === undefined || !existsSync(store.fileOf(release))) await runAgent(config, store, isInstalled)
  else await runRelease(config, store, release)
} catch (error) {
  if (stopping.signal.aborted) process.exit(exitCode)
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

async function runRelease(config: AgentConfig, store: ReleaseStore, release: string): Promise<void> {
  const trial = store.trial()
  if (trial !== undefined) {
    const { trialMs } = config.releases
    const args = process.argv.slice(2)
    process.exit(await runTrial({ store, trial, trialMs, args, signal: stopping.signal }))
  }
  // Proven code runs in this very process: a second one would cost the small computer its memory.
  process.env[releaseVariable] = release
  try {
    await import(pathToFileURL(store.fileOf(release)).href)
  } catch (error) {
    // It runs until the process ends, so it cannot even be read: a disk has bad blocks, its packages have moved. The cabinet sells
    // without it, and fetches it again.
    process.stderr.write(`release ${release} cannot be loaded, the installed agent runs instead: ${String(error)}\n`)
    delete process.env[releaseVariable]
    await runAgent(config, store, true)
  }
}

async function runAgent(config: AgentConfig, store: ReleaseStore, isInstalled: boolean): Promise<void> {
  // Whoever read our output may be gone; the cabinet is not. (pino's own stream throws while the process exits then.)
  process.stdout.on('error', () => {})
  const logger = pino({ level: config.log, name: 'cabinet-agent' }, process.stdout)
  const agent = await createAgent(config, {
    signal: stopping.signal,
    releases: { store, isInstalled },
    onRestart: () => stop(restartExitCode),
    onLog: (level, message, detail) => logger[level](detail ?? {}, message),
  })
  if (!stopping.signal.aborted) await new Promise((resolve) => stopping.signal.addEventListener('abort', resolve))
  await agent[Symbol.asyncDispose]()
  process.exit(exitCode)
}
