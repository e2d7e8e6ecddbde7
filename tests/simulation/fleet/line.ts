// A line to the broker over a network that delays, duplicates, reorders, and is cut in one direction or both. A line that is cut
// longer than its keep-alive ends, as TCP's would.
import { nextUnit, type Random } from '#shared/ids/random.ts'
import type { CancelTimer } from '#shared/time/clock.ts'
import type { Scheduler } from './scheduler.ts'

export interface Packet {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1
}

export interface LineHandlers {
  onMessage(packet: Packet): void
  /** The line has ended. */
  onClose(why: string): void
}

export interface LineRequest {
  readonly clientId: string
  /** A session that outlives the line. */
  readonly isKept: boolean
  readonly keepaliveMs: number
  readonly will?: Packet | undefined
  /** False refuses the login. */
  readonly mayLogin: () => boolean
  readonly handlers: LineHandlers
  readonly onOpen: () => void
}

export interface NetworkState {
  /** Packets towards the broker, and from it, arrive. */
  isUpWhole: boolean
  isDownWhole: boolean
  duplicate: number
  reorder: number
  delay: number
}

/** The broker as its lines see it. */
export interface LineHub {
  readonly scheduler: Scheduler
  readonly random: Random
  readonly isUp: boolean
  readonly counts: { duplicated: number; reordered: number; delayed: number }
  network(clientId: string): NetworkState
  attach(line: Line): void
  subscribe(clientId: string, filters: readonly string[]): void
  route(packet: Packet, isRetained: boolean): void
  detach(line: Line, undelivered: readonly Packet[], hasSaidGoodbye: boolean): void
  forget(line: Line): void
}

const latencyMs = 20

/** One client's connection. Both ends may differ on whether it stands, for as long as keep-alive takes to tell. */
export class Line {
  readonly request: LineRequest
  isOpen = false
  readonly #broker: LineHub
  #isClientEnded = false
  #isBrokerEnded = false
  readonly #inFlight = new Set<Packet>()
  readonly #held: { up: Array<() => void>; down: Array<() => void> } = { up: [], down: [] }
  readonly #lastMs = { up: 0, down: 0 }
  /** Ends the waiting for a way that is cut. */
  readonly #giveUp: { up: CancelTimer | undefined; down: CancelTimer | undefined } = { up: undefined, down: undefined }

  constructor(broker: LineHub, request: LineRequest) {
    this.#broker = broker
    this.request = request
    this.#travel('up', () => {
      if (!broker.isUp || !request.mayLogin()) {
        this.#travel('down', () => this.#endClient('refused'))
        this.#isBrokerEnded = true
        return
      }
      this.#travel('down', () => {
        if (this.#isClientEnded) return
        this.isOpen = true
        request.onOpen()
      })
      broker.attach(this)
    })
    // A first word that never comes.
    broker.scheduler.after(10_000, () => {
      if (!this.isOpen) this.#endClient('connect timeout')
    })
    this.networkChanged()
  }

  subscribe(filters: readonly string[], onDone: (isGranted: boolean) => void): void {
    this.#travel('up', () => {
      if (this.#isBrokerEnded) return
      this.#travel('down', () => this.isOpen && onDone(true))
      this.#broker.subscribe(this.request.clientId, filters)
    })
  }

  publish(packet: Packet, isRetained: boolean, onDone: (error?: Error) => void): void {
    if (!this.isOpen) return
    if (packet.qos === 0) onDone()
    this.#travelFaultily('up', packet, () => {
      if (this.#isBrokerEnded) return
      this.#broker.route(packet, isRetained)
      if (packet.qos === 1) this.#travel('down', () => this.isOpen && onDone())
    })
  }

  /** From the broker to the client. */
  deliver(packet: Packet): void {
    if (packet.qos === 1) this.#inFlight.add(packet)
    this.#travelFaultily('down', packet, () => {
      if (this.#isClientEnded) return
      this.#travel('up', () => this.#inFlight.delete(packet))
      this.request.handlers.onMessage(packet)
    })
  }

  goodbye(onDone: () => void): void {
    this.#travel('up', () => this.#endBroker(true))
    this.#broker.scheduler.after(latencyMs, onDone)
    this.isOpen = false
    this.#isClientEnded = true
  }

  /** The client is gone without a word: its machine says so to the broker if the network lets it. */
  drop(): void {
    this.isOpen = false
    this.#isClientEnded = true
    this.#travel('up', () => this.#endBroker(false))
  }

  /** The broker hangs up. */
  cut(why: string): void {
    this.#endBroker(false)
    this.#travel('down', () => this.#endClient(why))
  }

  /** What a cut held back passes once it is mended; while it lasts, both ends draw their own conclusion from the keep-alive. */
  networkChanged(): void {
    const { scheduler } = this.#broker
    for (const [way, isWhole] of this.#ways()) {
      if (!isWhole) this.#loseWay(way)
      else {
        this.#giveUp[way]?.()
        this.#giveUp[way] = undefined
        for (const arrive of this.#held[way].splice(0)) scheduler.after(latencyMs, arrive)
      }
    }
    this.#resetSoon()
  }

  #ways(): ReadonlyArray<readonly ['up' | 'down', boolean]> {
    const { isUpWhole, isDownWhole } = this.#broker.network(this.request.clientId)
    return [
      ['up', isUpWhole],
      ['down', isDownWhole],
    ]
  }

  #loseWay(way: 'up' | 'down'): void {
    if (this.#giveUp[way] !== undefined) return
    const { keepaliveMs } = this.request
    const { scheduler } = this.#broker
    const cancelClient = scheduler.after(keepaliveMs * 2, () => this.#endClient('keep-alive timeout'))
    const cancelBroker = scheduler.after(keepaliveMs * 1.5, () => {
      // The broker hears nothing any more; that nothing of its own arrives it cannot tell.
      if (way === 'up') this.#endBroker(false)
    })
    this.#giveUp[way] = () => {
      cancelClient()
      cancelBroker()
    }
  }

  /** That the broker has hung up, a client hears once packets go both ways. */
  #resetSoon(): void {
    if (!this.#isBrokerEnded || this.#isClientEnded) return
    this.#broker.scheduler.after(1_000, () => {
      if (this.#ways().every(([, isWhole]) => isWhole)) this.#endClient('reset by peer')
    })
  }

  #forgetIfEnded(): void {
    if (!this.#isClientEnded || !this.#isBrokerEnded) return
    this.#giveUp.up?.()
    this.#giveUp.down?.()
    this.#broker.forget(this)
  }

  #endClient(why: string): void {
    if (this.#isClientEnded) return
    this.#isClientEnded = true
    this.isOpen = false
    this.request.handlers.onClose(why)
    this.#travel('up', () => this.#endBroker(false))
    this.#forgetIfEnded()
  }

  #endBroker(hasSaidGoodbye: boolean): void {
    if (this.#isBrokerEnded) return
    this.#isBrokerEnded = true
    this.#broker.detach(this, [...this.#inFlight], hasSaidGoodbye)
    this.#resetSoon()
    this.#forgetIfEnded()
  }

  #travelFaultily(way: 'up' | 'down', packet: Packet, arrive: () => void): void {
    const { random, counts, scheduler } = this.#broker
    const { duplicate, reorder, delay } = this.#broker.network(this.request.clientId)
    const draw = nextUnit(random)
    if (packet.qos === 1 && draw < duplicate) {
      counts.duplicated += 1
      scheduler.after(30 + 20_000 * nextUnit(random) ** 3, () => this.#arriveOr(way, arrive))
    }
    if (nextUnit(random) < delay) {
      counts.delayed += 1
      scheduler.after(60_000 * nextUnit(random) ** 2, () => this.#travel(way, arrive))
      return
    }
    const isReordered = nextUnit(random) < reorder
    if (isReordered) counts.reordered += 1
    this.#travel(way, arrive, isReordered)
  }

  #travel(way: 'up' | 'down', arrive: () => void, isReordered = false): void {
    const { random, scheduler } = this.#broker
    const tookMs = latencyMs * (0.5 + nextUnit(random)) + (isReordered ? 500 * nextUnit(random) : 0)
    const atMs = isReordered ? scheduler.nowMs + tookMs : Math.max(this.#lastMs[way], scheduler.nowMs + tookMs)
    if (!isReordered) this.#lastMs[way] = atMs
    scheduler.after(atMs - scheduler.nowMs, () => this.#arriveOr(way, arrive))
  }

  #arriveOr(way: 'up' | 'down', arrive: () => void): void {
    const { isUpWhole, isDownWhole } = this.#broker.network(this.request.clientId)
    if (way === 'up' ? isUpWhole : isDownWhole) arrive()
    else this.#held[way].push(arrive)
  }
}
