import type { Clock } from '#shared/time/clock.ts'
import { createDevicePresence } from '../bus/device-presence.ts'
import { createLineLink } from '../bus/line-link.ts'
import { createFramer } from '../framing/framer.ts'
import type { CodeScanner, DeviceHealth, LinkCounters } from '../ports/devices.ts'
import { encodeScannerLine, scannerLineFormat } from '../protocols/scanner-line.ts'
import type { Transport } from '../transports/transport.ts'

/**
 * A code reader, alone on its port. It speaks unasked, so there is no bus and no queue: what comes is framed into lines and
 * handed on. It counts as present while its line is.
 */

export interface ScannerOnLine extends CodeScanner {
  counters(): Readonly<LinkCounters>
  health(): DeviceHealth
  onHealthChange(listener: (health: DeviceHealth) => void): () => void
  /** First try to open the line; later ones run by themselves. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** After this much silence half a line is none any more, ms. */
const forgetAfterMs = 500

export function createCodeScanner(transport: Transport, clock: Clock, device: string): ScannerOnLine {
  const codeListeners = new Set<(text: string) => void>()
  const healthListeners = new Set<(health: DeviceHealth) => void>()
  const presence = createDevicePresence(device, (health) => {
    for (const listener of healthListeners) listener(health)
  })
  const counters: LinkCounters = {
    requests: 0,
    replies: 0,
    retries: 0,
    timeouts: 0,
    checksumErrors: 0,
    discardedBytes: 0,
    lateReplies: 0,
    reconnects: 0,
  }
  let framer = createFramer(scannerLineFormat)
  let heardAtMs = 0
  const receive = (bytes: Uint8Array) => {
    const nowMs = clock.monotonicMs()
    if (nowMs - heardAtMs > forgetAfterMs) framer = createFramer(scannerLineFormat)
    heardAtMs = nowMs
    for (const framed of framer.push(bytes)) {
      if (framed.kind === 'discarded') {
        counters.discardedBytes += framed.bytes.length
        continue
      }
      counters.replies += 1
      for (const listener of codeListeners) listener(framed.frame)
    }
  }
  const link = createLineLink(transport, clock, {
    onUp() {
      counters.reconnects += 1
      presence.answered()
    },
    onDown: () => presence.lost('TRANSPORT_CLOSED'),
    onReset: () => {},
    onData: receive,
  })
  return {
    onCode: (listener) => subscribe(codeListeners, listener),
    show(text) {
      counters.requests += 1
      link.connection?.write(encodeScannerLine(text)).catch(() => {})
    },
    counters: () => counters,
    health: () => presence.health(),
    onHealthChange: (listener) => subscribe(healthListeners, listener),
    start: () => link.start(),
    stop: () => link.stop(),
  }
}

function subscribe<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
