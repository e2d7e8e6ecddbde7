// The agents of the benchmarks, in a process of their own: link, journal, session machine and decoder are the product's. Only
// the hardware behind the port is kept in memory, and that of cabinets that sell nothing is looked at every five seconds.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Agent } from '#cabinet-agent/agent.ts'
import { enrol } from '#cabinet-agent/enrolment/enrol.ts'
import { createDiskGuard } from '#cabinet-agent/journal/disk-guard.ts'
import { Journal } from '#cabinet-agent/journal/journal.ts'
import { readPrivateKey, readPublicKey, signedLogin } from '#cabinet-agent/link/login.ts'
import { connectMqtt } from '#cabinet-agent/link/mqtt-connection.ts'
import { seededRandom, systemRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { delay } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { fixedKeys } from '#tests/support/fixed-keys.ts'
import type { FleetOrder, FleetReport, FleetStart, FleetVisit } from './fleet-messages.ts'
import { createMemoryHardware, type MemoryHardware } from './memory-hardware.ts'

const clock = systemClock
const laneIds = Array.from({ length: 12 }, (_, index) => `L${String(index + 1).padStart(2, '0')}`)
const sellingPeriodMs = 100
const idlePeriodMs = 5_000
/** Enrolments and first connections at the same time. */
const startingAtOnce = 20
const handMs = 500
const fleet = new Map<string, { agent: Agent; hardware: MemoryHardware }>()

function report(message: FleetReport): void {
  process.send?.(message)
}

async function startAgent(
  { serverUrl, dataDirectory }: FleetStart,
  cabinet: FleetStart['cabinets'][number],
  seed: number,
): Promise<void> {
  const { code, enrolmentCode, isSelling } = cabinet
  const folder = join(dataDirectory, code)
  mkdirSync(folder, { recursive: true })
  const identity = await enrol({ serverUrl, enrolmentCode, dataDirectory: folder, fetch: globalThis.fetch, clock })
  const key = readPrivateKey(identity.privateKeyPem)
  const bootId = makeId(clock, systemRandom)
  const hardware = createMemoryHardware(laneIds, seededRandom(seed))
  const agent = new Agent({
    cabinetId: identity.cabinetId,
    bootId,
    mqttUrl: identity.mqttUrl,
    connect: connectMqtt,
    login: () => signedLogin(identity.cabinetId, key, clock.now()),
    serverKeys: fixedKeys(identity.serverPublicKeys.map((publicKey) => readPublicKey(publicKey))),
    hardware,
    journal: Journal.open({ file: join(folder, 'journal.sqlite'), bootId }),
    guard: createDiskGuard({ directory: folder, ballastBytes: 65_536, minFreeBytes: 0 }),
    sheet: { divisionMg: 100, samplePeriodMs: isSelling ? sellingPeriodMs : idlePeriodMs, scaleSdMg: 300 },
    clock,
    random: seededRandom(seed),
    rssBytes: () => process.memoryUsage.rss(),
    onRestart: () => {},
    onLog: () => {},
  })
  await agent.start()
  fleet.set(code, { agent, hardware })
}

async function startAll(order: FleetStart): Promise<void> {
  const waiting = [...order.cabinets.entries()]
  await Promise.all(
    Array.from({ length: startingAtOnce }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await startAgent(order, next[1], next[0] + 1)
      }
    }),
  )
  const agents = [...fleet.values()]
  while (!agents.every(({ agent }) => agent.isConnected)) await delay(clock, 100)
  report({ kind: 'connected', count: agents.length })
}

async function visit({ code, moves }: FleetVisit): Promise<void> {
  const hardware = fleet.get(code)?.hardware
  if (hardware === undefined) throw new Error(`there is no cabinet ${code}`)
  await hardware.unlocked()
  await delay(clock, handMs)
  hardware.setDoor(true)
  for (const { laneId, byMg } of moves) {
    await delay(clock, handMs)
    hardware.setMass(laneId, hardware.massOf(laneId) + byMg)
  }
  await delay(clock, handMs)
  hardware.setDoor(false)
}

function measureUsage(): void {
  const { user, system } = process.cpuUsage()
  report({ kind: 'usage', rssBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1_000 })
}

process.on('message', (order: FleetOrder) => {
  const fail = (error: unknown) => report({ kind: 'failed', why: String(error) })
  if (order.do === 'start') startAll(order).catch(fail)
  else if (order.do === 'visit') visit(order).catch(fail)
  else measureUsage()
})
// The benchmark ended, however it did.
process.on('disconnect', () => process.exit(0))
