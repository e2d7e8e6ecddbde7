import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import { DeviceError } from '../ports/device-error.ts'
import type { DeviceHealth, LinkCounters } from '../ports/devices.ts'
import type { Connection, Transport } from '../transports/transport.ts'
import { startAttempt, type Attempt } from './attempt.ts'
import { createDevicePresence, type DevicePresence } from './device-presence.ts'
import type { DeviceLine, ExchangeOptions, Priority, SendOptions } from './exchange.ts'
import { createLineLink, type LineLink } from './line-link.ts'
import { createRequestQueue, type RequestQueue } from './request-queue.ts'

/**
 * One port, one queue, one request on the wire at a time. The bus owns the line's manners: precedence, quiet gaps,
 * time to live, retries of reads, late replies, devices that have gone, and reconnecting. What a request means is the
 * drivers' business. Source: hardware.md, rules.
 */

export interface BusOptions {
  name: string
  transport: Transport
  clock: Clock
  /** For the time bytes take on the wire, bit/s. */
  baudRate: number
  /** Silence between two frames, ms, and when the addressed device changes. */
  quietGapMs: number
  changeGapMs: number
  /** How often a device that has gone is asked whether it is back, ms. */
  probeIntervalMs: number
}

/** Silence after a miss, ms: what is still under way arrives and is dropped, not taken for the next answer. */
const gapAfterMissMs = 50
const queueLimit = 256
const defaultTimeToLiveMs = 5000
/** Start, eight data and stop bit. */
const bitsPerByte = 10

interface Job {
  device: Device
  priority: Priority
  queuedAtMs: number
  deadlineMs: number
  isSentOffline: boolean
  retriesLeft: number
  bytes: Uint8Array
  replyTimeoutMs: number
  /** Absent when nothing is waited for. */
  start?: (onDone: () => void, onMiss: (error: DeviceError) => void) => Attempt
  resolve: () => void
  reject: (error: DeviceError) => void
  /** Why the last try missed; says more than EXPIRED when time runs out between two tries. */
  lastMiss?: DeviceError
}

/** The request on the wire. */
interface Running {
  readonly job: Job
  attempt: Attempt | undefined
  giveUpAtMs: number
  isOver: boolean
}

interface Device {
  name: string
  presence: DevicePresence
  probe: () => Promise<unknown>
  cancelProbe: CancelTimer | undefined
}

export class Bus implements AsyncDisposable {
  readonly name: string
  readonly counters: LinkCounters = {
    requests: 0,
    replies: 0,
    retries: 0,
    timeouts: 0,
    checksumErrors: 0,
    discardedBytes: 0,
    lateReplies: 0,
    reconnects: 0,
  }
  private readonly options: BusOptions
  private readonly clock: Clock
  private readonly link: LineLink
  private readonly queue: RequestQueue<Job> = createRequestQueue(queueLimit)
  private readonly devices = new Map<string, Device>()
  private readonly healthListeners = new Set<(health: DeviceHealth) => void>()
  private current: Running | undefined
  private cancelGap: CancelTimer | undefined
  private cancelWatch: CancelTimer | undefined
  private watchAtMs = 0
  private quietUntilMs = 0
  private lastDevice: Device | undefined
  private hasBeenUp = false
  /** Something may wait unread: a miss, junk or unasked bytes came before. After a clean answer nothing does. */
  private isInputSuspect = true
  private isClosed = false
  private readonly abort = new AbortController()
  /** The last request's ear: what comes when nothing is asked is its late answer, or a push. */
  private idleAttempt: Attempt | undefined

  constructor(options: BusOptions) {
    this.name = options.name
    this.options = options
    this.clock = options.clock
    this.link = createLineLink(options.transport, options.clock, {
      onUp: () => this.onUp(),
      onDown: (reason) => this.onDown(reason),
      onReset: (reason) => this.failAll(this.closedError(reason)),
      onData: (bytes) => this.onData(bytes),
    })
  }

  /** Makes the first attempt to connect; resolves either way, and the bus goes on trying. */
  start(): Promise<void> {
    return this.link.start()
  }

  /** `makeProbe` makes a cheap read that tells whether the device is back. */
  addDevice(name: string, makeProbe: () => ExchangeOptions<unknown>): DeviceLine {
    if (this.devices.has(name)) throw new RangeError(`device ${name} is on bus ${this.name} already`)
    const presence = createDevicePresence(name, (health) => this.onHealth(device, health))
    const device: Device = {
      name,
      presence,
      probe: () => this.exchange(device, { ...makeProbe(), retries: 0, isSentOffline: true }),
      cancelProbe: undefined,
    }
    this.devices.set(name, device)
    return {
      device: name,
      signal: this.abort.signal,
      exchange: (options) => this.exchange(device, options),
      send: (options) => this.send(device, options),
      resetConnection: (reason) => this.link.reset(reason),
    }
  }

  health(): DeviceHealth[] {
    return [...this.devices.values()].map((device) => device.presence.health())
  }

  onHealthChange(listener: (health: DeviceHealth) => void): () => void {
    this.healthListeners.add(listener)
    return () => this.healthListeners.delete(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isClosed = true
    for (const device of this.devices.values()) device.cancelProbe?.()
    this.cancelWatch?.()
    const error = new DeviceError('CANCELLED', `bus ${this.name} was closed`)
    this.failAll(error)
    this.abort.abort(error)
    await this.link.stop()
  }

  private exchange<Reply>(device: Device, options: ExchangeOptions<Reply>): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.enqueue({
        device,
        priority: options.priority,
        queuedAtMs: this.clock.monotonicMs(),
        deadlineMs: options.deadlineMonotonicMs ?? this.clock.monotonicMs() + defaultTimeToLiveMs,
        isSentOffline: options.isSentOffline ?? false,
        retriesLeft: options.retries ?? 2,
        bytes: options.bytes,
        replyTimeoutMs: options.replyTimeoutMs,
        start: (onDone, onMiss) => {
          const onReply = (reply: Reply) => {
            resolve(reply)
            onDone()
          }
          return startAttempt(options.format, this.counters, onReply, onMiss)
        },
        resolve: () => {},
        reject,
      })
    })
  }

  private send(device: Device, options: SendOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.enqueue({
        device,
        priority: options.priority,
        queuedAtMs: this.clock.monotonicMs(),
        deadlineMs: options.deadlineMonotonicMs,
        isSentOffline: true,
        retriesLeft: 0,
        bytes: options.bytes,
        replyTimeoutMs: 0,
        resolve,
        reject,
      })
    })
  }

  private enqueue(job: Job): void {
    if (this.isClosed) {
      job.reject(new DeviceError('CANCELLED', `bus ${this.name} is closed`))
    } else if (this.link.connection === undefined) {
      // Nothing waits for a line to come back: it would be sent to a cabinet that has moved on.
      job.reject(this.notConnectedError())
    } else if (!job.isSentOffline && !job.device.presence.isOnline) {
      const code = job.device.presence.health().lastErrorCode ?? 'TIMEOUT_NO_REPLY'
      job.reject(new DeviceError(code as DeviceError['code'], `${job.device.name} is offline`))
    } else if (!this.queue.add(job.priority, job)) {
      job.reject(new DeviceError('CANCELLED', `the queue of bus ${this.name} is full`))
    } else {
      this.pump()
    }
  }

  /** Sends the next request when the line is free and has been quiet long enough. */
  private pump(): void {
    if (this.isClosed || this.current !== undefined || this.cancelGap !== undefined) return
    if (this.link.connection === undefined) return
    const nowMs = this.clock.monotonicMs()
    if (nowMs < this.quietUntilMs) {
      this.waitQuietly(this.quietUntilMs - nowMs)
      return
    }
    const job = this.queue.next(nowMs)
    if (job === undefined) return
    if (nowMs > job.deadlineMs) {
      job.reject(expired(job))
      this.pump()
      return
    }
    const changeMs = this.options.changeGapMs - this.options.quietGapMs
    if (this.lastDevice !== job.device && this.lastDevice !== undefined && changeMs > 0) {
      // Put back, so that an unlock that comes meanwhile goes first. The gap is paid once.
      this.lastDevice = undefined
      this.queue.add(job.priority, job, true)
      this.waitQuietly(changeMs)
      return
    }
    this.transmit(job)
  }

  private waitQuietly(forMs: number): void {
    // Timers are a millisecond coarse and cut fractions off: one that fires before its time costs a second one.
    this.cancelGap = this.clock.setTimer(Math.ceil(forMs), () => {
      this.cancelGap = undefined
      this.pump()
    })
  }

  private transmit(job: Job): void {
    const connection = this.link.connection
    if (connection === undefined) return
    this.lastDevice = job.device
    const running: Running = { job, attempt: undefined, giveUpAtMs: Infinity, isOver: false }
    this.current = running
    if (!this.isInputSuspect) {
      this.put(running, connection)
      return
    }
    this.isInputSuspect = false
    void connection.flushInput().then(() => {
      if (!running.isOver) this.put(running, connection)
    })
  }

  private put(running: Running, connection: Connection): void {
    const { job } = running
    const nowMs = this.clock.monotonicMs()
    if (nowMs > job.deadlineMs) {
      this.end(running, expired(job))
      return
    }
    this.idleAttempt = undefined
    const end = (error?: DeviceError) => this.end(running, error)
    // The waiter stands before the first byte leaves: a fast board's answer must not find nobody.
    running.attempt = job.start?.(end, end)
    this.counters.requests += 1
    running.giveUpAtMs = nowMs + this.patienceMs(job)
    this.watch(running.giveUpAtMs)
    connection.write(job.bytes).then(
      () => {
        if (job.start === undefined) end()
      },
      (error: unknown) => end(asDeviceError(error)),
    )
  }

  /** How long a request may take: its bytes on the wire and the reply, or, where none comes, the port. */
  private patienceMs(job: Job): number {
    return this.wireMs(job) + (job.start === undefined ? writeTimeoutMs : job.replyTimeoutMs)
  }

  private wireMs(job: Job): number {
    return Math.ceil((job.bytes.length * bitsPerByte * 1000) / this.options.baudRate)
  }

  /**
   * Looks at the running request at that instant or before. Nearly all are answered long before, so the timer is left standing from
   * one to the next, and goes on to the instant that is due by then.
   */
  private watch(atMs: number): void {
    if (this.cancelWatch !== undefined && this.watchAtMs <= atMs) return
    this.cancelWatch?.()
    this.watchAtMs = atMs
    this.cancelWatch = this.clock.setTimer(Math.ceil(atMs - this.clock.monotonicMs()), () => {
      this.cancelWatch = undefined
      const running = this.current
      if (running === undefined) return
      if (this.clock.monotonicMs() >= running.giveUpAtMs) this.giveUp(running)
      else if (running.giveUpAtMs < Infinity) this.watch(running.giveUpAtMs)
    })
  }

  private giveUp(running: Running): void {
    const { job, attempt } = running
    if (attempt !== undefined) attempt.finish(job.device.name)
    else {
      const why = `${job.device.name}: the port took no bytes for ${this.patienceMs(job)} ms`
      this.end(running, new DeviceError('WRITE_FAILED', why))
    }
  }

  private end(running: Running, error?: DeviceError): void {
    if (running.isOver) return
    running.isOver = true
    this.finish(running.job, error)
  }

  private finish(job: Job, error: DeviceError | undefined): void {
    if (this.current?.job === job) {
      this.idleAttempt = this.current.attempt
      this.current = undefined
    }
    const nowMs = this.clock.monotonicMs()
    this.quietUntilMs = nowMs + this.options.quietGapMs + (job.start === undefined ? this.wireMs(job) : 0)
    if (error === undefined) {
      if (job.start !== undefined) job.device.presence.answered()
      job.resolve()
    } else {
      this.miss(job, error)
    }
    this.pump()
  }

  private miss(job: Job, error: DeviceError): void {
    this.isInputSuspect = true
    if (error.code === 'DEVICE_EXCEPTION') {
      // It refused, so it is there.
      job.device.presence.answered()
      job.reject(error)
      return
    }
    if (isMiss(error)) {
      this.quietUntilMs = this.clock.monotonicMs() + Math.max(gapAfterMissMs, this.options.quietGapMs)
      job.device.presence.missed(error.code)
    }
    const mayRetry = job.retriesLeft > 0 && isMiss(error) && (job.isSentOffline || job.device.presence.isOnline)
    if (!mayRetry || this.link.connection === undefined) {
      job.reject(error)
      return
    }
    job.retriesLeft -= 1
    job.lastMiss = error
    this.counters.retries += 1
    this.queue.add(job.priority, job, true)
  }

  private onUp(): void {
    if (this.hasBeenUp) this.counters.reconnects += 1
    this.hasBeenUp = true
    this.isInputSuspect = true
    this.quietUntilMs = 0
    for (const device of this.devices.values()) {
      if (!device.presence.isOnline) this.probeNow(device)
    }
  }

  private onDown(reason: string): void {
    this.failAll(this.closedError(reason))
    for (const device of this.devices.values()) device.presence.lost('TRANSPORT_CLOSED')
  }

  private notConnectedError(): DeviceError {
    const { openFailure } = this.link
    if (openFailure !== undefined) return new DeviceError('TRANSPORT_OPEN_FAILED', openFailure)
    return new DeviceError('TRANSPORT_CLOSED', `${this.options.transport.name} is not connected`)
  }

  private closedError(reason: string): DeviceError {
    return new DeviceError('TRANSPORT_CLOSED', `${this.options.transport.name} is gone: ${reason}`)
  }

  private onData(bytes: Uint8Array): void {
    if (this.current === undefined) this.isInputSuspect = true
    const ear = this.current === undefined ? this.idleAttempt : this.current.attempt
    if (ear === undefined) this.counters.discardedBytes += bytes.length
    else ear.push(bytes)
  }

  private failAll(error: DeviceError): void {
    const waiting = this.queue.drain()
    const running = this.current
    this.cancelGap?.()
    this.cancelGap = undefined
    if (running !== undefined) {
      running.job.retriesLeft = 0
      // What was being written may have left or not: nobody can say what the board did with it.
      const isUnknown = running.job.start === undefined && error.code === 'TRANSPORT_CLOSED'
      const why = `${error.message} while it was being written`
      this.end(running, isUnknown ? new DeviceError('OUTCOME_UNKNOWN', why) : error)
    }
    for (const job of waiting) job.reject(error)
  }

  private onHealth(device: Device, health: DeviceHealth): void {
    device.cancelProbe?.()
    device.cancelProbe = undefined
    if (!health.isOnline) this.probeLater(device)
    for (const listener of this.healthListeners) listener(health)
    const isSilent = [...this.devices.values()].every(({ presence }) => !presence.isOnline)
    // A connection to a serial server whose network went is dead without a word, and its system tries it for minutes; a new one tells.
    if (isSilent && this.link.connection !== undefined) this.link.reset('nobody on it answers')
  }

  private probeLater(device: Device): void {
    if (this.isClosed) return
    device.cancelProbe?.()
    device.cancelProbe = this.clock.setTimer(this.options.probeIntervalMs, () => this.probeNow(device))
  }

  private probeNow(device: Device): void {
    device.cancelProbe?.()
    device.cancelProbe = undefined
    const again = () => {
      if (!device.presence.isOnline) this.probeLater(device)
    }
    device.probe().then(again, again)
  }
}

const missCodes: ReadonlySet<string> = new Set([
  'TIMEOUT_NO_REPLY',
  'TIMEOUT_PARTIAL',
  'CHECKSUM',
  'FRAME_INVALID',
  'REPLY_MISMATCH',
])

/** How long a write without an answer may take before the port is held to be stuck, ms. */
const writeTimeoutMs = 1000

function expired(job: Job): DeviceError {
  return job.lastMiss ?? new DeviceError('EXPIRED', `${job.device.name}: the request was not sent in time`)
}

function isMiss(error: DeviceError): boolean {
  return missCodes.has(error.code)
}

function asDeviceError(error: unknown): DeviceError {
  if (error instanceof DeviceError) return error
  return new DeviceError('WRITE_FAILED', error instanceof Error ? error.message : String(error), { cause: error })
}
