import { createFramer } from '../framing/framer.ts'
import { encodeScannerLine, scannerLineFormat } from '../protocols/scanner-line.ts'
import type { BoardReply, VirtualBoard } from './virtual-board.ts'

/** A code reader: it types what is held before it, and its display keeps the last line it was told to show. */
export interface VirtualScanner extends VirtualBoard {
  scan(text: string): void
  readonly display: string | undefined
}

export function createVirtualScanner(): VirtualScanner {
  const framer = createFramer(scannerLineFormat)
  let speak: (reply: BoardReply) => void = () => {}
  let display: string | undefined
  const fault = { isSilent: false, extraDelayMs: 0 }
  return {
    fault,
    get display() {
      return display
    },
    attach(newSpeak) {
      speak = newSpeak
    },
    hear(bytes) {
      for (const framed of framer.push(bytes)) if (framed.kind === 'frame') display = framed.frame
    },
    scan(text) {
      if (!fault.isSilent) speak({ bytes: encodeScannerLine(text), delayMs: fault.extraDelayMs })
    },
  }
}
