import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { createTraceReplay, formatBill, TraceError, type ReplayedSession } from './replay-trace.ts'

/**
 * `replay FILE.ndjson[.gz] [--evidence]`: recorded sessions in, one bill a line out (traces/FORMAT.md). With --evidence each line is
 * the whole bill with lanes, steps and hypotheses. A bad trace ends with one line on stderr and exit 1; sessions before it
 * are billed. `replay --journal FILE --session ID` takes the record from the journal of an agent that is not running.
 */

const maximumLineLength = 1_000_000

/** Splits a file into lines; throws TraceError when it cannot be read to its end. */
async function* readLines(path: string): AsyncGenerator<string> {
  const file = createReadStream(path)
  const stream = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => {}) : file
  const decoder = new TextDecoder('utf-8')
  let rest = ''
  let lines = 0
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      for (const part of parts) {
        lines += 1
        yield part
      }
      if (rest.length > maximumLineLength) throw new TraceError(lines + 1, 'longer than a million characters')
    }
  } catch (error) {
    if (error instanceof TraceError) throw error
    throw new TraceError(lines + 1, `cannot read on: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (rest !== '') yield rest
}

async function write(session: ReplayedSession | undefined, hasEvidence: boolean): Promise<void> {
  if (session === undefined) return
  const text = hasEvidence ? JSON.stringify({ session: session.session, ...session.bill }) : formatBill(session)
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain')
}

const usage = 'usage: replay FILE.ndjson[.gz] [--evidence] | replay --journal FILE --session ID [--evidence]'

/** What the command line names: a file, or one session of a journal. Throws with the usage when it is neither. */
async function findLines(args: readonly string[]): Promise<Iterable<string> | AsyncIterable<string>> {
  const [first, second, third, fourth] = args
  if (args.length === 4 && first === '--journal' && third === '--session') {
    // The database is only loaded where it is needed: a trace is billed on any machine.
    const { readStoredTrace } = await import('../journal/stored-trace.ts')
    return readStoredTrace(second ?? '', fourth ?? '').split('\n')
  }
  if (args.length !== 1 || first === undefined || first.startsWith('-')) throw new Error(usage)
  return readLines(first)
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(`${usage}\n`)
    return
  }
  const hasEvidence = args.includes('--evidence')
  const lines = await findLines(args.filter((argument) => argument !== '--evidence'))
  const replay = createTraceReplay()
  for await (const line of lines) await write(replay.push(line), hasEvidence)
  if (replay.lines() === 0) throw new TraceError(1, 'a header is missing: the file is empty')
  await write(replay.end(), hasEvidence)
}

// A reader that has seen enough (head) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
