// Progress of long work on standard error: a bar that is drawn again in a terminal, and a line now and then elsewhere, so that
// a log stays readable.
import type { Clock } from '#shared/time/clock.ts'

export interface ProgressOutput {
  readonly isTerminal: boolean
  write(text: string): void
}

const barWidth = 30
const redrawMs = 100
const lineMs = 10_000

export interface ProgressBar {
  readonly show: (done: number, total: number) => void
  /** Leaves the cursor on a line of its own. */
  readonly end: () => void
}

export function makeProgressBar(name: string, output: ProgressOutput, clock: Clock): ProgressBar {
  const startedMs = clock.monotonicMs()
  let shownMs = Number.NEGATIVE_INFINITY
  let isDrawn = false
  return {
    show(done, total) {
      const nowMs = clock.monotonicMs()
      const isLast = done >= total
      if (!isLast && nowMs - shownMs < (output.isTerminal ? redrawMs : lineMs)) return
      shownMs = nowMs
      const share = total <= 0 ? 1 : Math.min(1, done / total)
      const leftMs = share === 0 ? undefined : ((nowMs - startedMs) / share) * (1 - share)
      const left = isLast || leftMs === undefined ? '' : `, ${Math.ceil(leftMs / 1_000)} s left`
      const text = `${name}: ${done} of ${total} (${Math.floor(share * 100)} %${left})`
      if (!output.isTerminal) {
        output.write(`${text}\n`)
        return
      }
      const filled = Math.round(share * barWidth)
      output.write(`\r\u001b[K${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${text}`)
      isDrawn = true
    },
    end() {
      if (isDrawn) output.write('\n')
      isDrawn = false
    },
  }
}
