// What a batch job is: work on the books too long for a request, started by an operator or a timer of the machine. A job may be
// ended at any instant and started again: it does in units what it does, and nothing twice.
import type { ParseArgsConfig } from 'node:util'
import type { Random } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { Database } from '../db/database.ts'
import type { ThreadSource } from '../payouts/file-thread.ts'
import type { Sealer } from '../personal-data/seal.ts'

export interface BatchContext {
  readonly database: Database
  readonly sealer: Sealer
  /** Of the key that signs commands. */
  readonly commandKeyFile: string
  readonly clock: Clock
  readonly random: Random
  /** For jobs that put a second processor to use; without it they do all in one thread. */
  readonly threads?: ThreadSource
}

export interface BatchOption {
  /** What stands for the value in the usage, as FILE or ID; undefined for a switch. */
  readonly value?: string
  readonly describe: string
  readonly isRequired?: boolean
}

export type BatchArguments = Readonly<Record<string, string | boolean | undefined>>

export interface BatchJob {
  /** As it is typed. */
  readonly name: string
  /** One line of help. */
  readonly describe: string
  readonly options: Readonly<Record<string, BatchOption>>
  /** Returns what was done, a sentence a line. Refusals and bad files are thrown as RefusalError. */
  run(
    ctx: BatchContext,
    args: BatchArguments,
    progress: (done: number, total: number) => void,
  ): Promise<readonly string[]>
}

/** The options as `parseArgs` wants them. */
export function parseOptionsOf(job: BatchJob): NonNullable<ParseArgsConfig['options']> {
  return Object.fromEntries(
    Object.entries(job.options).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  )
}

export function describeJob(job: BatchJob): string {
  const lines = Object.entries(job.options).map(([name, { value, describe, isRequired = false }]) => {
    const shown = value === undefined ? `--${name}` : `--${name} ${value}`
    return `      ${shown.padEnd(24)} ${describe}${isRequired ? '' : ' (optional)'}`
  })
  return [`  ${job.name.padEnd(18)} ${job.describe}`, ...lines].join('\n')
}
