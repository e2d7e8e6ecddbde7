// A network of namespaces: the server in one, each agent in another, or whatever else is to hang on a cable of its own, a veth cable
// from every agent to the server and one from this process. Cables are cut in silence, one way or both: frames go out to a neighbour who is not there, so no end is told.
import { spawnSync } from 'node:child_process'

/** What can happen to a cable. */
export const cableFaults = ['cut', 'cutUp', 'cutDown', 'unplugged', 'slow', 'lossy'] as const
export type CableFault = (typeof cableFaults)[number]

/** Nobody's address: what is sent there is dropped where it arrives. */
const nobody = '02:00:00:00:00:01'
/** Queues by what they do, the better one first: not every kernel has netem. A bucket that is too small loses what it cannot hold. */
const queues = {
  slow: [
    ['netem', 'delay', '400ms', '300ms'],
    ['tbf', 'rate', '16kbit', 'burst', '2kb', 'latency', '3s'],
  ],
  lossy: [
    ['netem', 'loss', '25%', 'delay', '20ms', '20ms', 'reorder', '20%'],
    ['tbf', 'rate', '48kbit', 'burst', '2kb', 'limit', '3kb'],
  ],
} as const

function tryRun(file: string, ...args: readonly string[]): string | undefined {
  const done = spawnSync(file, args, { encoding: 'utf8' })
  if (done.status === 0) return undefined
  return `${file} ${args.join(' ')}: ${done.error?.message ?? done.stderr.trim()}`
}

function run(file: string, ...args: readonly string[]): void {
  const problem = tryRun(file, ...args)
  if (problem !== undefined) throw new Error(problem)
}

export class Namespaces implements Disposable {
  /** Where people find the server. */
  readonly httpHost = '10.211.0.2'
  readonly #tag: string
  readonly #made: string[] = []

  private constructor(tag: string, agents: number) {
    this.#tag = tag
    try {
      this.#addNamespace(this.#server)
      run('ip', 'link', 'add', `${tag}p`, 'type', 'veth', 'peer', 'name', 'people', 'netns', this.#server)
      run('ip', 'addr', 'add', '10.211.0.1/24', 'dev', `${tag}p`)
      run('ip', 'link', 'set', `${tag}p`, 'up')
      run('ip', '-n', this.#server, 'addr', 'add', `${this.httpHost}/24`, 'dev', 'people')
      run('ip', '-n', this.#server, 'link', 'set', 'people', 'up')
      for (let agent = 0; agent < agents; agent += 1) this.#addAgent(agent)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  /** Why there is no such network on this machine, as a sentence; undefined when there is. */
  static findObstacle(): string | undefined {
    const name = `hc${process.pid}t`
    const problem = tryRun('ip', 'netns', 'add', name)
    if (problem !== undefined) return `Network namespaces cannot be made here (${problem}).`
    const noCable = tryRun('ip', '-n', name, 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two')
    tryRun('ip', 'netns', 'del', name)
    return noCable === undefined ? undefined : `Cables between namespaces cannot be made here (${noCable}).`
  }

  static open(agents: number): Namespaces {
    return new Namespaces(`hc${process.pid}`, agents)
  }

  get #server(): string {
    return `${this.#tag}s`
  }

  /** Before a command line: runs it beside the server. */
  get serverPrefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#server]
  }

  agentPrefix(agent: number): readonly string[] {
    return ['ip', 'netns', 'exec', this.#agent(agent)]
  }

  /** The agent's own address on its cable. */
  addressOf(agent: number): string {
    return `10.211.${agent + 1}.2`
  }

  /** The server's address on this agent's cable. */
  hostFor(agent: number): string {
    return `10.211.${agent + 1}.1`
  }

  /** Breaks the cable of an agent. False where this machine cannot do that. */
  strike(agent: number, fault: CableFault): boolean {
    const ends = this.#ends(agent)
    switch (fault) {
      case 'cut':
        for (const { namespace, device, peer } of ends) this.#lose(namespace, device, peer)
        return true
      case 'cutUp':
        this.#lose(ends[0].namespace, ends[0].device, ends[0].peer)
        return true
      case 'cutDown':
        this.#lose(ends[1].namespace, ends[1].device, ends[1].peer)
        return true
      case 'unplugged':
        run('ip', '-n', ends[0].namespace, 'link', 'set', ends[0].device, 'down')
        return true
      case 'slow':
      case 'lossy':
        return ends.every(({ namespace, device }) =>
          queues[fault].some((queue) => {
            const root = ['qdisc', 'replace', 'dev', device, 'root']
            return tryRun('tc', '-n', namespace, ...root, ...queue) === undefined
          }),
        )
    }
  }

  /** The cable is whole again, whatever was done to it. */
  mend(agent: number): void {
    for (const { namespace, device, peer } of this.#ends(agent)) {
      tryRun('ip', '-n', namespace, 'neigh', 'del', peer, 'dev', device)
      run('ip', '-n', namespace, 'link', 'set', device, 'up')
      tryRun('tc', '-n', namespace, 'qdisc', 'del', 'dev', device, 'root')
    }
  }

  [Symbol.dispose](): void {
    // The cables go with the namespaces that hold their ends.
    for (const name of this.#made) tryRun('ip', 'netns', 'del', name)
  }

  #agent(agent: number): string {
    return `${this.#tag}a${agent}`
  }

  #ends(agent: number) {
    const up = { namespace: this.#agent(agent), device: 'cable', peer: this.hostFor(agent) }
    const down = { namespace: this.#server, device: `cable${agent}`, peer: this.addressOf(agent) }
    return [up, down] as const
  }

  #addNamespace(name: string): void {
    run('ip', 'netns', 'add', name)
    this.#made.push(name)
    run('ip', '-n', name, 'link', 'set', 'lo', 'up')
  }

  #addAgent(agent: number): void {
    this.#addNamespace(this.#agent(agent))
    const [up, down] = this.#ends(agent)
    const cable = ['link', 'add', up.device, 'type', 'veth', 'peer', 'name', down.device, 'netns', down.namespace]
    run('ip', '-n', up.namespace, ...cable)
    run('ip', '-n', up.namespace, 'addr', 'add', `${down.peer}/24`, 'dev', up.device)
    run('ip', '-n', down.namespace, 'addr', 'add', `${up.peer}/24`, 'dev', down.device)
    for (const { namespace, device } of [up, down]) run('ip', '-n', namespace, 'link', 'set', device, 'up')
  }

  #lose(namespace: string, device: string, peer: string): void {
    run('ip', '-n', namespace, 'neigh', 'replace', peer, 'lladdr', nobody, 'dev', device, 'nud', 'permanent')
  }
}
