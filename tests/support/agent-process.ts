// A production agent as a process of its own, started, killed at any instant and started again on the same data; its boards are
// held by whoever starts it, over tcp, so that they outlive it as real ones do.
import { spawn, type ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { saveIdentity } from '#cabinet-agent/enrolment/identity.ts'
import { serveLineOnTcp } from '#firmware-bridge/virtual/serve-line.ts'
import type { LoadCellKind } from '#firmware-bridge/virtual/load-cell-profiles.ts'
import { VirtualCabinet, type CabinetItem } from '#firmware-bridge/virtual/virtual-cabinet.ts'
import { makeVirtualInstallation } from '#firmware-bridge/virtual/virtual-installation.ts'
import { nextGaussian, seededRandom } from '#shared/ids/random.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { makeScratchFolder } from './scratch-folder.ts'
import type { TestBroker } from './test-broker.ts'

export interface ServedBoards extends AsyncDisposable {
  cabinet: VirtualCabinet
  /** The installation profile that leads to the boards over tcp. */
  installation: VirtualCabinet['installation']
}

/** Virtual boards on tcp ports, by the machine's clock; pieces of lane n weigh n times `unitMg`. */
export async function serveBoards(options: {
  laneCount: number
  itemsPerLane: number
  unitMg: number
  cells?: LoadCellKind
}): Promise<ServedBoards> {
  const { laneCount, itemsPerLane, unitMg, cells = 'good' } = options
  const random = seededRandom(5)
  const made = makeVirtualInstallation({ laneCount })
  const itemsOf = (index: number): CabinetItem[] =>
    Array.from({ length: itemsPerLane }, (_, piece) => ({
      itemId: `${index}-${piece}`,
      massMg: Math.round(unitMg * (1 + index) + 3_000 * nextGaussian(random)),
    }))
  const cabinet = new VirtualCabinet({
    installation: made,
    cells,
    clock: systemClock,
    random,
    items: Object.fromEntries(made.scales.map(({ laneId }, index) => [laneId, itemsOf(index)])),
  })
  const served = await Promise.all(
    Object.keys(made.ports).map(async (name) => {
      const line = await serveLineOnTcp(cabinet.line(name), { host: '127.0.0.1', port: 0 })
      return { name, line }
    }),
  )
  const urls = new Map(served.map(({ name, line }) => [name, line.url]))
  return {
    cabinet,
    installation: makeVirtualInstallation({ laneCount, urlOf: (port) => urls.get(port) ?? '' }),
    async [Symbol.asyncDispose]() {
      await Promise.all(served.map(({ line }) => line[Symbol.asyncDispose]()))
      cabinet.stop()
    },
  }
}

export class AgentProcess implements AsyncDisposable {
  readonly dataDirectory = makeScratchFolder('huinong-process-')
  readonly #entry: string
  readonly #configFile: string
  #child: ChildProcess | undefined
  printed = ''

  constructor(
    entry: string,
    cabinetId: Id,
    broker: TestBroker,
    boards: Pick<ServedBoards, 'installation'>,
    more: { screen?: { port: number; buyerUrl?: string } } = {},
  ) {
    this.#entry = entry
    this.#configFile = join(this.dataDirectory, 'cabinet.json')
    saveIdentity(this.dataDirectory, {
      cabinetId,
      code: 'YB-0001',
      mqttUrl: broker.url,
      serverPublicKeys: [broker.publicKey],
      privateKeyPem: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      keySinceMs: Date.now(),
    })
    const config = {
      dataDirectory: this.dataDirectory,
      serverUrl: 'http://127.0.0.1:9',
      scales: { divisionMg: 100, samplePeriodMs: 100, scaleSdMg: 200 },
      journal: { minFreeBytes: 0 },
      hardware: boards.installation,
      ...more,
    }
    writeFileSync(this.#configFile, JSON.stringify(config))
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('the agent does not run')
    return this.#child.pid
  }

  start(nodeArguments: readonly string[] = []): void {
    const child = spawn(process.execPath, [...nodeArguments, this.#entry, '--config', this.#configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const keep = (text: Buffer) => {
      this.printed = (this.printed + text.toString()).slice(-20_000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    this.#child = child
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    return child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL')
    rmSync(this.dataDirectory, { recursive: true, force: true })
  }
}
