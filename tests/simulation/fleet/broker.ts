// A broker: QoS 1 with sessions that are kept, retained messages and last wills, over lines of its own (line.ts).
import type { Random } from '#shared/ids/random.ts'
import { Line, type LineHub, type LineRequest, type NetworkState, type Packet } from './line.ts'
import type { Scheduler } from './scheduler.ts'

interface Session {
  /** Topics, and filters with a wildcard in them. */
  readonly topics: Set<string>
  readonly filters: Set<string>
  readonly waiting: Packet[]
  line: Line | undefined
}

const maxWaiting = 1_000

const newSession = (): Session => ({ topics: new Set(), filters: new Set(), waiting: [], line: undefined })

function hears({ topics, filters }: Session, topic: string): boolean {
  if (topics.has(topic)) return true
  for (const filter of filters) if (fits(filter, topic)) return true
  return false
}

function fits(filter: string, topic: string): boolean {
  if (!filter.includes('+')) return filter === topic
  const [before = '', after = ''] = filter.split('+')
  return topic.startsWith(before) && topic.endsWith(after) && !topic.slice(before.length, -after.length).includes('/')
}

export type PacketFilter = (packet: Packet, toClientId: string | undefined) => Packet | undefined

export class Broker implements LineHub {
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

  /** Cuts or mends the network of a client. */
  setNetwork(clientId: string, change: Partial<NetworkState>): void {
    Object.assign(this.network(clientId), change)
    for (const line of this.#lines) if (line.request.clientId === clientId) line.networkChanged()
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
    const session = isKept && known !== undefined ? known : newSession()
    session.line = line
    this.#sessions.set(clientId, session)
    for (const packet of session.waiting.splice(0)) line.deliver(packet)
  }

  subscribe(clientId: string, filters: readonly string[]): void {
    const session = this.#sessions.get(clientId)
    if (session === undefined) return
    for (const filter of filters) {
      const kept = filter.includes('+') ? session.filters : session.topics
      kept.add(filter)
      for (const packet of this.#retained.values())
        if (fits(filter, packet.topic)) this.#pass(session, packet, clientId)
    }
  }

  route(packet: Packet, isRetained: boolean): void {
    const filtered = this.filter(packet, undefined)
    if (filtered === undefined) return
    if (isRetained) this.#retained.set(packet.topic, filtered)
    for (const [clientId, session] of this.#sessions) {
      if (hears(session, packet.topic)) this.#pass(session, filtered, clientId)
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
    const { clientId, isKept, will } = line.request
    const session = this.#sessions.get(clientId)
    if (session?.line === line) {
      session.line = undefined
      if (isKept) session.waiting.unshift(...undelivered)
      else this.#sessions.delete(clientId)
    }
    if (will !== undefined && !hasSaidGoodbye) this.route(will, true)
  }

  /** Neither end holds it any more. */
  forget(line: Line): void {
    this.#lines.delete(line)
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
