import { gzipSync } from 'node:zlib'
import type { DoorEvent, Sample, SessionSetup } from '../weighing/session-setup.ts'

/**
 * Writes down what the decoder is told, in the form of traces/FORMAT.md, so that `replay` computes the very bill again
 * from it: setup, samples and door events are the decoder's whole input (weighing.md, rule 9).
 */
export interface TraceRecorder {
  sample(sample: Sample): void
  door(event: DoorEvent): void
  /** The session so far, gzipped, base64; undefined when it was too long to keep. */
  finish(): string | undefined
}

/** As long as replay takes (replay-trace.ts), lines. */
const maximumLines = 150_000
const maximumCharacters = 2_000_000

export function createTraceRecorder(sessionId: string, setup: SessionSetup): TraceRecorder {
  const lines = [JSON.stringify(headerOf(sessionId, setup))]
  let characters = 0
  const add = (text: string) => {
    if (characters > maximumCharacters || lines.length >= maximumLines) {
      characters = Infinity
      return
    }
    characters += text.length
    lines.push(text)
  }
  return {
    // A sample comes many times a second: its text is put together here.
    sample({ atMs, massesMg }) {
      let masses = ''
      for (const mg of massesMg) masses += `${masses === '' ? '' : ','}${mg === null ? 'null' : mg / 1000}`
      add(`{"t":${atMs},"w":[${masses}]}`)
    },
    door: ({ atMs, state }) => add(JSON.stringify({ t: atMs, door: state })),
    finish() {
      if (characters === Infinity) return undefined
      return gzipSync(`${lines.join('\n')}\n`).toString('base64')
    },
  }
}

function headerOf(sessionId: string, setup: SessionSetup): object {
  const { divisionMg, samplePeriodMs, scaleSdMg, lanes, opening } = setup
  return {
    type: 'trace',
    version: 1,
    session: sessionId,
    divisionG: divisionMg / 1000,
    sampleHz: 1000 / samplePeriodMs,
    samplePeriodMs,
    scaleSdG: scaleSdMg / 1000,
    opening,
    lanes: lanes.map(({ laneId, skuId, mode, priceFen, unitWeight, stock, foreignMassesMg, drying }) => ({
      lane: laneId,
      sku: skuId,
      mode,
      priceFen,
      unitWeightG: {
        mean: unitWeight.meanMg / 1000,
        sd: unitWeight.sdMg / 1000,
        samples: unitWeight.samples,
      },
      stock: { count: stock.count, grossG: stock.grossMg / 1000 },
      foreignMassesMg,
      drying,
    })),
  }
}
