import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openCabinetHardware } from '#firmware-bridge/profile/open-cabinet-hardware.ts'
import type { Transport } from '#firmware-bridge/transports/transport.ts'
import { systemRandom, type Random } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import { delay, type Clock } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { Agent, type AgentParts } from './agent.ts'
import type { AgentConfig } from './compose-config.ts'
import { enrol, EnrolmentRefusedError } from './enrolment/enrol.ts'
import { loadIdentity, type Identity } from './enrolment/identity.ts'
import { KeyKeeper } from './enrolment/key-keeper.ts'
import { createDiskGuard } from './journal/disk-guard.ts'
import { Journal, type JournalOptions } from './journal/journal.ts'
import { connectMqtt } from './link/mqtt-connection.ts'
import type { ReleaseStore } from './releases/release-store.ts'

export interface AgentOverrides {
  clock?: Clock
  random?: Random
  /** Resolves `virtual:name` ports. */
  openVirtual?: (name: string) => Transport
  /** Gives up waiting for a server to enrol at. */
  signal?: AbortSignal
  fetch?: typeof globalThis.fetch
  /** Where releases of the agent are kept; absent where this process cannot be replaced. */
  releases?: { store: ReleaseStore; isInstalled: boolean }
  /** A reboot was commanded: the process should end with code 75 and be started again. */
  onRestart?: (reason: string) => void
  onLog?: AgentParts['onLog']
  journal?: Pick<JournalOptions, 'maxPages' | 'keptEntries'>
}

const enrolRetryMs = 5_000

/**
 * The composition root: a running agent from a configuration. Enrols first when it must, and waits for the server to
 * do so; once enrolled it needs no server to start. Throws JournalError, DiskFullError or EnrolmentRefusedError.
 */
export async function createAgent(config: AgentConfig, overrides: AgentOverrides = {}): Promise<Agent> {
  const { clock = systemClock, random = systemRandom, openVirtual, onLog = () => {}, onRestart = () => {} } = overrides
  mkdirSync(config.dataDirectory, { recursive: true, mode: 0o700 })
  const identity = loadIdentity(config.dataDirectory) ?? (await enrolPatiently(config, overrides, clock))
  const { cabinetId } = identity
  const bootId = makeId(clock, random)
  const { ballastBytes, minFreeBytes } = config.journal
  const guard = createDiskGuard({ directory: config.dataDirectory, ballastBytes, minFreeBytes })
  const journal = Journal.open({ file: join(config.dataDirectory, 'journal.sqlite'), bootId, ...overrides.journal })
  const { username, password } = config.mqtt
  const fetch = overrides.fetch ?? globalThis.fetch
  const { dataDirectory, serverUrl } = config
  const lifetimeMs = config.keyDays * 86_400_000
  const keeper = new KeyKeeper({ identity, dataDirectory, serverUrl, fetch, clock, lifetimeMs, onLog })
  const agent = new Agent({
    cabinetId,
    bootId,
    mqttUrl: config.mqtt.url ?? identity.mqttUrl,
    connect: connectMqtt,
    login: () => (username !== undefined && password !== undefined ? { username, password } : keeper.login()),
    keepKey: (stopping) => keeper.run(stopping),
    serverKeys: keeper.serverKeys,
    hardware: await openCabinetHardware(config.hardware, {
      clock,
      ...(openVirtual === undefined ? {} : { openVirtual }),
    }),
    journal,
    guard,
    sheet: config.scales,
    clock,
    random,
    rssBytes: () => process.memoryUsage.rss(),
    ...(config.screen === undefined ? {} : { screen: screenOf(config.screen, config.serverUrl, identity.code) }),
    ...(overrides.releases === undefined
      ? {}
      : {
          releases: {
            ...overrides.releases,
            serverUrl,
            fetch,
          },
        }),
    onRestart,
    onLog,
  })
  await agent.start()
  return agent
}

function screenOf({ host, port, buyerUrl }: NonNullable<AgentConfig['screen']>, serverUrl: string, code: string) {
  return { host, port, place: { code, buyerUrl: new URL(`/c/${code}`, buyerUrl ?? serverUrl).href } }
}

async function enrolPatiently(config: AgentConfig, overrides: AgentOverrides, clock: Clock): Promise<Identity> {
  const { dataDirectory, serverUrl, enrolmentCode } = config
  const { signal, fetch = globalThis.fetch, onLog = () => {} } = overrides
  if (enrolmentCode === undefined) {
    throw new EnrolmentRefusedError('this cabinet is not enrolled: put a one-time code into enrolmentCode')
  }
  for (;;) {
    try {
      return await enrol({ serverUrl, enrolmentCode, dataDirectory, fetch, clock })
    } catch (error) {
      if (error instanceof EnrolmentRefusedError) throw error
      onLog('warn', 'the server cannot be asked to enrol; trying again', { error: describeFailure(error) })
      await delay(clock, enrolRetryMs, signal)
    }
  }
}

/** What fetch says of a failure, "fetch failed", is in its cause: no route, an unknown certificate. */
function describeFailure(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error ? `${String(error)}: ${cause.message}` : String(error)
}
