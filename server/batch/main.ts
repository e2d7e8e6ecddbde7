// `npm run --silent batch -- JOB [options]`: one long job on the books, with progress. The database and the keys are named by
// the server's environment variables; a server may run beside it.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { ConfigError, readServerConfig } from '../config/server-config.ts'
import { openDatabase } from '../db/open-database.ts'
import { RefusalError } from '../errors/refusal.ts'
import { asRefusal } from '../http/problem.ts'
import { answerFileRequests } from '../payouts/file-thread.ts'
import { openSealer } from '../personal-data/open-sealer.ts'
import { describeJob, parseOptionsOf, type BatchArguments, type BatchJob } from './job.ts'
import { batchJobs } from './jobs.ts'
import { makeProgressBar } from './show-progress.ts'

const usage = () => `usage: batch JOB [options]

${batchJobs.map(describeJob).join('\n')}

Reads HUINONG_DATABASE_URL and the keys as the server does (npm run server -- --help).
Exit codes: 0 done · 1 refused or failed, nothing half done · 2 not understood.`

/** Says why the call makes no sense. */
class UsageError extends Error {
  override readonly name = 'UsageError'
}

function parseCall(argv: readonly string[]): { job: BatchJob; args: BatchArguments } {
  const [name, ...rest] = argv
  const job = batchJobs.find((one) => one.name === name)
  if (job === undefined) throw new UsageError(name === undefined ? 'Which job?' : `There is no job ${name}.`)
  try {
    const args = parseArgs({ args: rest, options: parseOptionsOf(job) }).values as BatchArguments
    const missing = Object.entries(job.options).find(([key, option]) => option.isRequired && args[key] === undefined)
    if (missing !== undefined) throw new Error(`--${missing[0]} is needed.`)
    return { job, args }
  } catch (error) {
    throw new UsageError(`${job.name}: ${(error as Error).message}`)
  }
}

/** A job goes through the books once. */
const batchCacheMegabytes = 16

async function runJob(job: BatchJob, args: BatchArguments): Promise<void> {
  const config = readServerConfig(process.env)
  const { databaseUrl: url, commandKeyFile } = config
  // Opening would make an empty one.
  if (url.startsWith('sqlite:') && !existsSync(url.slice('sqlite:'.length)))
    throw new ConfigError(`There is no database ${url}.`)
  const [clock, random] = [systemClock, systemRandom]
  await using database = await openDatabase({ url, clock, random, cacheMegabytes: batchCacheMegabytes })
  const sealer = await openSealer(database, config.dataKeys)
  const output = { isTerminal: process.stderr.isTTY, write: (text: string) => void process.stderr.write(text) }
  const bar = makeProgressBar(job.name, output, clock)
  try {
    const threads = { program: new URL(import.meta.url), databaseUrl: url, keys: config.dataKeys }
    const lines = await job.run({ database, sealer, commandKeyFile, clock, random, threads }, args, bar.show)
    bar.end()
    for (const line of lines) process.stdout.write(`${line}\n`)
  } finally {
    bar.end()
  }
}

async function main(): Promise<number> {
  const argv = process.argv.slice(2)
  if (argv.length === 1 && ['--help', '-h', 'help'].includes(argv[0] ?? '')) {
    process.stdout.write(`${usage()}\n`)
    return 0
  }
  try {
    const { job, args } = parseCall(argv)
    await runJob(job, args)
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${usage()}\n`)
      return 2
    }
    const known = error instanceof ConfigError ? error : asRefusal(error)
    process.stderr.write(`${known?.message ?? (error as Error).stack ?? String(error)}\n`)
    for (const { field, message } of (known instanceof RefusalError ? known.errors : undefined) ?? [])
      process.stderr.write(`  ${field}: ${message}\n`)
    return 1
  }
}

if (isMainThread) process.exitCode = await main()
else await answerFileRequests()
