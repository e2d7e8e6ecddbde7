import type { Bill, BillLine } from '../weighing/bill.ts'
import { createSessionDecoder, type SessionDecoder } from '../weighing/decoder.ts'
import { parseTraceLine } from './parse-trace.ts'

/**
 * Runs the agent's decoder over a trace, line by line: a bill is written as soon as its session's last line is known.
 * Pure but for the caller's lines.
 */

/** What is wrong with a trace and where. The message names the line. */
export class TraceError extends Error {
  override readonly name = 'TraceError'
  readonly line: number

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`)
    this.line = line
  }
}

export interface ReplayedSession {
  session: string
  bill: Bill
}

/** More samples than an open door can last: 4 h at 10 Hz. */
const maximumSamples = 150_000

/** Takes text without its line end; returns the bill of the session that this line ended, if it ended one. */
export interface TraceReplay {
  push(text: string): ReplayedSession | undefined
  /** After the last line. */
  end(): ReplayedSession | undefined
  /** Number of lines taken. */
  lines(): number
}

interface OpenSession {
  session: string
  decoder: SessionDecoder
  laneCount: number
  samples: number
  hasDoor: boolean
  lastMs: number
}

export function createTraceReplay(): TraceReplay {
  let lines = 0
  let open: OpenSession | undefined
  let failure: TraceError | undefined

  const finish = (lastLine: number): ReplayedSession | undefined => {
    if (open === undefined) return undefined
    const { session, decoder, hasDoor, samples } = open
    open = undefined
    if (!hasDoor) throw new TraceError(lastLine, `session ${session} ended without a door event`)
    if (samples === 0) throw new TraceError(lastLine, `session ${session} ended without a sample`)
    return { session, bill: decoder.decide() }
  }

  const keepOrder = (session: OpenSession, atMs: number) => {
    if (atMs < session.lastMs) throw new TraceError(lines, `t ${atMs} is before ${session.lastMs}`)
    session.lastMs = atMs
  }

  return {
    push(text) {
      if (failure !== undefined) throw failure
      lines += 1
      if (text.trim() === '') return undefined
      const line = parseTraceLine(text, open?.laneCount)
      if (line.kind === 'wrong-header') {
        failure = new TraceError(lines, line.message)
        return finish(lines - 1)
      }
      if (line.kind === 'header') {
        const ended = finish(lines - 1)
        const { session, setup } = line
        open = {
          session,
          decoder: createSessionDecoder(setup),
          laneCount: setup.lanes.length,
          samples: 0,
          hasDoor: false,
          lastMs: -Infinity,
        }
        return ended
      }
      if (line.kind === 'wrong' || open === undefined) {
        throw new TraceError(lines, line.kind === 'wrong' ? line.message : 'a header is missing')
      }
      keepOrder(open, line.atMs)
      if (line.kind === 'door') {
        open.hasDoor = true
        open.decoder.door(line)
        return undefined
      }
      open.samples += 1
      if (open.samples > maximumSamples) {
        throw new TraceError(lines, `session ${open.session} has more than ${maximumSamples} samples`)
      }
      open.decoder.push(line)
      return undefined
    },
    end() {
      if (failure !== undefined) throw failure
      return finish(lines)
    },
    lines: () => lines,
  }
}

/** A bill in the form of traces/FORMAT.md. Under review the lines are the most the buyer may be charged. */
export function formatBill({ session, bill }: ReplayedSession): string {
  const lines = bill.outcome === 'settled' ? bill.lines : bill.lowestLines
  return JSON.stringify({
    session,
    outcome: bill.outcome,
    lines: lines.map(formatLine),
    totalFen: lines.reduce((sum, line) => sum + line.amountFen, 0),
    confidence: bill.confidence,
    flags: bill.flags,
  })
}

function formatLine({ laneId, skuId, count, massMg, amountFen }: BillLine): object {
  const goods = massMg === undefined ? { count } : { weightG: massMg / 1000 }
  return { lane: laneId, sku: skuId, ...goods, amountFen }
}
