import { nextGaussian, seededRandom } from '#shared/ids/random.ts'
import type { Bill } from '#cabinet-agent/weighing/bill.ts'
import { createSessionDecoder, type SessionDecoder } from '#cabinet-agent/weighing/decoder.ts'
import type { SessionSetup } from '#cabinet-agent/weighing/session-setup.ts'

/** Plays written levels to a decoder: each line says for how long which lane weighs what, on a scale with noise. */

export interface ScriptLine {
  forMs: number
  /** Grams by lane, in the order of the setup; null is a silent scale. */
  levelsG: ReadonlyArray<number | null>
  /** Door event before the line. */
  door?: 'open' | 'closed'
}

export function play(setup: SessionSetup, script: readonly ScriptLine[], seed = 1): SessionDecoder {
  const random = seededRandom(seed)
  const decoder = createSessionDecoder(setup)
  let atMs = 0
  for (const { forMs, levelsG, door } of script) {
    if (door !== undefined) decoder.door({ atMs, state: door })
    for (const endMs = atMs + forMs; atMs < endMs;) {
      atMs += setup.samplePeriodMs
      const massesMg = levelsG.map((levelG) => {
        if (levelG === null) return null
        const massMg = levelG * 1000 + setup.scaleSdMg * nextGaussian(random)
        return Math.round(massMg / setup.divisionMg) * setup.divisionMg
      })
      decoder.push({ atMs, massesMg })
    }
  }
  return decoder
}

/** Opens on the first levels, shows each next for 3 s, closes on the last. */
export function visit(setup: SessionSetup, levels: ReadonlyArray<ReadonlyArray<number | null>>, seed = 1): Bill {
  const first = levels[0] ?? []
  const last = levels.at(-1) ?? []
  const script: ScriptLine[] = [
    { forMs: 4000, levelsG: first },
    { forMs: 2500, levelsG: first, door: 'open' },
    ...levels.slice(1).map((levelsG) => ({ forMs: 3000, levelsG })),
    { forMs: 5000, levelsG: last, door: 'closed' },
  ]
  return play(setup, script, seed).decide()
}
