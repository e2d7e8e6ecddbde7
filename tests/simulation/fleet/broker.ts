// A broker and its networks: QoS 1 with sessions that are kept, retained messages and last wills, over lines that delay,
// duplicate, reorder, and are cut in one direction or both. A line that is cut longer than its keep-alive ends, as TCP's would.
import { nextUnit, type Random } from '#shared/ids/random.ts'
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

interface Session {
  readonly filters: Set<string>
  readonly waiting: Packet[]
  line: Line | undefined
}

export type PacketFilter = (packet: Packet, toClientId: string | undefined) => Packet | undefined

const latencyMs = 20
const maxWaiting = 1_000

function fits(filter: string, topic: string): boolean {
  if (!filter.includes('+')) return filter === topic
  const [before = '', after = ''] = filter.split('+')
  return topic.startsWith(before) && topic.endsWith(after) && !topic.slice(before.length, -after.length).includes('/')
}

export class Broker {
  readonly scheduler: Scheduler
  readonly random: Random
  isUp = true
  /** Sees every packet as it is routed; a planted bug may change or drop it. */
  filter: PacketFilter = (packet) => packet
  readonly counts = { duplicated: 0, reordered: 0, delayed: 0 }
  readonly #networks = new Map<string, NetworkState>()
  readonly #sessions = new Map<string, Session>()
  readonly #retained = new Map<string, Packet>()
  readonly #lines = new Set<Line>()

  constructor(scheduler: Scheduler, random: Random) {
    this.scheduler = scheduler
    this.random = random
  }

  network(clientId: string): NetworkState {
    let network = this.#networks.get(clientId)
    if (network === undefined) {
      network = { isUpWhole: true, isDownWhole: true, duplicate: 0, reorder: 0, delay: 0 }
      this.#networks.set(clientId, network)
    }
    return network
  }

  connect(request: LineRequest): Line {
    const line = new Line(this, request)
    this.#lines.add(line)
    return line
  }

  /** The session of a client whose line is open now; one that was there is hung up on. */
  attach(line: Line): void {
    const { clientId, isKept } = line.request
    const known = this.#sessions.get(clientId)
    if (known?.line !== undefined) known.line.cut('another connection took the place')
    const session = isKept && known !== undefined ? known : { filters: new Set<string>(), waiting: [], line: undefined }
    session.line = line
    this.#sessions.set(clientId, session)
    for (const packet of session.waiting.splice(0)) line.deliver(packet)
  }

  subscribe(clientId: string, filters: readonly string[]): void {
    const session = this.#sessions.get(clientId)
    if (session === undefined) return
    for (const filter of filters) {
      session.filters.add(filter)
      for (const packet of this.#retained.values())
        if (fits(filter, packet.topic)) this.#pass(session, packet, clientId)
    }
  }

  route(packet: Packet, isRetained: boolean): void {
    const filtered = this.filter(packet, undefined)
    if (filtered === undefined) return
    if (isRetained) this.#retained.set(packet.topic, filtered)
    for (const [clientId, session] of this.#sessions) {
      if ([...session.filters].some((filter) => fits(filter, packet.topic))) this.#pass(session, filtered, clientId)
    }
  }

  #pass(session: Session, packet: Packet, clientId: string): void {
    const filtered = this.filter(packet, clientId)
    if (filtered === undefined) return
    if (session.line !== undefined) session.line.deliver(filtered)
    else if (packet.qos === 1 && session.waiting.length < maxWaiting) session.waiting.push(filtered)
  }

  /** A line has ended on the broker's side; `undelivered` are QoS 1 packets that may not have arrived. */
  detach(line: Line, undelivered: readonly Packet[], hasSaidGoodbye: boolean): void {
    this.#lines.delete(line)
    const { clientId, isKept, will } = line.request
    const session = this.#sessions.get(clientId)
    if (session?.line === line) {
      session.line = undefined
      if (isKept) session.waiting.unshift(...undelivered)
      else this.#sessions.delete(clientId)
    }
    if (will !== undefined && !hasSaidGoodbye) this.route(will, true)
  }

  /** Everybody is hung up on. `isForgetful`: sessions and retained messages are lost too. */
  restart(downMs: number, isForgetful: boolean): void {
    this.isUp = false
    for (const line of this.#lines) line.cut('the broker went')
    if (isForgetful) {
      this.#sessions.clear()
      this.#retained.clear()
    }
    this.scheduler.after(downMs, () => {
      this.isUp = true
    })
  }
}

/** One client's connection. Both ends may differ on whether it stands, for as long as keep-alive takes to tell. */
export class Line {
  readonly request: LineRequest
  isOpen = false
  readonly #broker: Broker
  #isClientEnded = false
  #isBrokerEnded = false
  readonly #inFlight = new Set<Packet>()
  readonly #held: { up: Array<() => void>; down: Array<() => void> } = { up: [], down: [] }
  readonly #lastMs = { up: 0, down: 0 }

  constructor(broker: Broker, request: LineRequest) {
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
    this.#watch()
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

  /** Lets pass what a cut held back. */
  flush(): void {
    const { isUpWhole, isDownWhole } = this.#broker.network(this.request.clientId)
    if (isUpWhole) for (const arrive of this.#held.up.splice(0)) this.#broker.scheduler.after(latencyMs, arrive)
    if (isDownWhole) for (const arrive of this.#held.down.splice(0)) this.#broker.scheduler.after(latencyMs, arrive)
  }

  /** Looks at the keep-alive; both ends draw their own conclusion. */
  #watch(): void {
    const { clientId, keepaliveMs } = this.request
    let upCutMs = 0
    let downCutMs = 0
    const everyMs = 1_000
    const look = () => {
      if (this.#isClientEnded && this.#isBrokerEnded) return
      const { isUpWhole, isDownWhole } = this.#broker.network(clientId)
      this.flush()
      upCutMs = isUpWhole ? 0 : upCutMs + everyMs
      downCutMs = isDownWhole ? 0 : downCutMs + everyMs
      if (upCutMs > keepaliveMs * 1.5 && !this.#isBrokerEnded) this.#endBroker(false)
      if (Math.max(upCutMs, downCutMs) > keepaliveMs * 2) this.#endClient('keep-alive timeout')
      if (this.#isBrokerEnded && isDownWhole && isUpWhole) this.#endClient('reset by peer')
      this.#broker.scheduler.after(everyMs, look)
    }
    this.#broker.scheduler.after(everyMs, look)
  }

  #endClient(why: string): void {
    if (this.#isClientEnded) return
    this.#isClientEnded = true
    this.isOpen = false
    this.request.handlers.onClose(why)
    this.#travel('up', () => this.#endBroker(false))
  }

  #endBroker(hasSaidGoodbye: boolean): void {
    if (this.#isBrokerEnded) return
    this.#isBrokerEnded = true
    this.#broker.detach(this, [...this.#inFlight], hasSaidGoodbye)
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
