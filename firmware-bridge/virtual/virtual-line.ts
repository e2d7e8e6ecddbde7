import { nextBelow, nextUnit, type Random } from '#shared/ids/random.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import { createPairedTransport } from '../transports/paired-transport.ts'
import type { Transport } from '../transports/transport.ts'
import type { BoardReply, VirtualBoard } from './virtual-board.ts'

/**
 * A multi-drop line with virtual boards on it: what is written there reaches all of them, what they say comes back.
 * The line itself can be bad: it echoes, flips bits, adds noise, or is pulled out in the middle of a frame.
 */

export interface LineFault {
  /** Hands back every byte that is sent, as an RS-485 adapter without direction control does. */
  isEchoing: boolean
  /** Probability that a byte towards the master has a bit flipped. */
  bitFlipProbability: number
  /** Probability that junk precedes a reply. */
  junkProbability: number
  /** The next reply stops half-way and the plug is out, until `plugIn`. */
  isCutMidFrame: boolean
}

export interface LineOptions {
  name: string
  clock: Clock
  random: Random
  boards: readonly VirtualBoard[]
  /** Takes the wire's own time for every byte at this rate, bit/s; absent: bytes take no time. */
  pacedBaudRate?: number
}

/** Silence that Modbus requires before a frame above 19,200 bit/s, ms; below it is 3.5 characters. */
const frameGapMs = 1.75

export class VirtualLine {
  readonly name: string
  /** The line's end for a master in this process. */
  readonly transport: Transport
  readonly fault: LineFault = {
    isEchoing: false,
    bitFlipProbability: 0,
    junkProbability: 0,
    isCutMidFrame: false,
  }
  private readonly options: LineOptions
  private readonly farEnd: { send(bytes: Uint8Array): void; unplug(): void; plugIn(): void }
  private readonly outlets = new Set<(bytes: Uint8Array) => void>()
  private readonly plugListeners = new Set<(isPlugged: boolean) => void>()
  private readonly pending = new Set<CancelTimer>()
  private wireFreeAtMs = 0
  private plugged = true

  constructor(options: LineOptions) {
    this.name = options.name
    this.options = options
    const pair = createPairedTransport(`virtual:${options.name}`, (bytes) => this.receive(bytes))
    this.transport = pair.transport
    this.farEnd = pair.farEnd
    for (const board of options.boards) board.attach((reply) => this.schedule(reply))
  }

  get isPlugged(): boolean {
    return this.plugged
  }

  /** Another way out of the process, as a tcp socket or tty. Returns its removal. */
  addOutlet(send: (bytes: Uint8Array) => void): () => void {
    this.outlets.add(send)
    return () => this.outlets.delete(send)
  }

  onPlugChange(listener: (isPlugged: boolean) => void): () => void {
    this.plugListeners.add(listener)
    return () => this.plugListeners.delete(listener)
  }

  /** Bytes from the master. */
  receive(bytes: Uint8Array): void {
    if (!this.plugged) return
    const wireMs = this.wireMs(bytes.length)
    this.wireFreeAtMs = Math.max(this.wireFreeAtMs, this.options.clock.monotonicMs()) + wireMs
    if (this.fault.isEchoing) this.emit(bytes)
    if (wireMs === 0) this.hear(bytes)
    else this.later(this.wireFreeAtMs - this.options.clock.monotonicMs(), () => this.hear(bytes))
  }

  unplug(): void {
    if (!this.plugged) return
    this.plugged = false
    for (const cancel of this.pending) cancel()
    this.pending.clear()
    this.farEnd.unplug()
    for (const listener of this.plugListeners) listener(false)
  }

  plugIn(): void {
    if (this.plugged) return
    this.plugged = true
    this.farEnd.plugIn()
    for (const listener of this.plugListeners) listener(true)
  }

  /** Forgets replies still under way; for shutdown. */
  stop(): void {
    for (const cancel of this.pending) cancel()
    this.pending.clear()
  }

  private hear(bytes: Uint8Array): void {
    for (const board of this.options.boards) board.hear(bytes)
  }

  private schedule({ bytes, delayMs }: BoardReply): void {
    if (this.options.pacedBaudRate === undefined) {
      if (delayMs <= 0) this.reply(bytes)
      else this.later(delayMs, () => this.reply(bytes))
      return
    }
    const nowMs = this.options.clock.monotonicMs()
    const gapMs = Math.max(frameGapMs, this.wireMs(3.5))
    const beginMs = Math.max(nowMs + delayMs, this.wireFreeAtMs + gapMs)
    this.wireFreeAtMs = beginMs + this.wireMs(bytes.length)
    this.later(this.wireFreeAtMs - nowMs, () => this.reply(bytes))
  }

  private reply(bytes: Uint8Array): void {
    if (!this.plugged) return
    if (this.fault.isCutMidFrame) {
      this.fault.isCutMidFrame = false
      this.emit(bytes.subarray(0, Math.max(1, bytes.length >>> 1)))
      // The half frame is delivered before the end of the line is noticed.
      this.later(1, () => this.unplug())
      return
    }
    if (nextUnit(this.options.random) < this.fault.junkProbability) {
      this.emit(Uint8Array.from({ length: 1 + nextBelow(this.options.random, 6) }, () => this.randomByte()))
    }
    this.emit(bytes)
  }

  private emit(bytes: Uint8Array): void {
    const noisy = bytes.map((byte) =>
      nextUnit(this.options.random) < this.fault.bitFlipProbability
        ? byte ^ (1 << nextBelow(this.options.random, 8))
        : byte,
    )
    this.farEnd.send(noisy)
    for (const send of this.outlets) send(noisy)
  }

  private randomByte(): number {
    return nextBelow(this.options.random, 256)
  }

  private later(delayMs: number, callback: () => void): void {
    const cancel = this.options.clock.setTimer(delayMs, () => {
      this.pending.delete(cancel)
      callback()
    })
    this.pending.add(cancel)
  }

  private wireMs(byteCount: number): number {
    const { pacedBaudRate } = this.options
    return pacedBaudRate === undefined ? 0 : (byteCount * 10 * 1000) / pacedBaudRate
  }
}
