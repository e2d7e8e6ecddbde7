import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { InstallationProfile } from '#firmware-bridge/profile/installation-profile.ts'

/** The configuration of one cabinet, as in the file that `npm run agent -- --config` names. */
export const AgentConfig = z.strictObject({
  /** Where the journal, the identity and the ballast live; made when absent, readable by its owner only. */
  dataDirectory: z.string().min(1),
  /** The server's HTTP address; needed once, to enrol. */
  serverUrl: z.url({ protocol: /^https?$/ }),
  /** The one-time code; needed until the cabinet is enrolled. */
  enrolmentCode: z.string().trim().min(8).max(60).optional(),
  /** How long the cabinet's own key serves before it changes it, days. */
  keyDays: z.int().min(1).max(3_650).default(90),
  mqtt: z
    .strictObject({
      /** mqtt:// or mqtts://, instead of the address that enrolment gave. */
      url: z.url({ protocol: /^mqtts?$/ }).optional(),
      /** For brokers that know user names and passwords of their own, instead of the signed password. */
      username: z.string().min(1).optional(),
      password: z.string().min(1).optional(),
    })
    .refine((mqtt) => (mqtt.username === undefined) === (mqtt.password === undefined), {
      message: 'username and password come together',
      path: ['password'],
    })
    .default({}),
  /** The scales' data sheet. */
  scales: z
    .strictObject({
      divisionMg: z.int().min(1).max(100_000).default(1_000),
      samplePeriodMs: z.int().min(50).max(5_000).default(100),
      scaleSdMg: z.int().min(1).max(100_000).default(700),
    })
    .prefault({}),
  journal: z
    .strictObject({
      /** Space kept aside so that a session under way can end on a full disk, bytes. */
      ballastBytes: z.int().min(65_536).max(1_073_741_824).default(1_048_576),
      /** No session starts with less free space, bytes. */
      minFreeBytes: z.int().min(0).max(1_099_511_627_776).default(16_777_216),
    })
    .prefault({}),
  releases: z
    .strictObject({
      /** How long another release has to reach the server before what ran before is put back, ms. */
      trialMs: z.int().min(1_000).max(86_400_000).default(300_000),
    })
    .prefault({}),
  /** The screen on the cabinet: the agent serves its page; absent: there is none. */
  screen: z
    .strictObject({
      /** Loopback unless the screen is a device of its own on the cabinet's network. */
      host: z.string().min(1).default('127.0.0.1'),
      /** 0 picks a free one. */
      port: z.int().min(0).max(65_535).default(8_090),
      /** Address of the buyers' pages, for the code to scan; default: serverUrl. */
      buyerUrl: z.url({ protocol: /^https?$/ }).optional(),
    })
    .optional(),
  log: z.enum(['error', 'warn', 'info']).default('info'),
  hardware: InstallationProfile,
})
export type AgentConfig = z.infer<typeof AgentConfig>

export const agentHelp = `One cabinet on real ports.

  npm run agent -- --config cabinet.json

cabinet.json:
  dataDirectory           where journal and keys live
  serverUrl               http(s) address of the server, for enrolment
  enrolmentCode           the one-time code; needed until the cabinet is enrolled
  keyDays                 how long the cabinet's own key serves before it changes it (90)
  mqtt.url                mqtt:// or mqtts:// address, if not the one enrolment gives
  mqtt.username/password  for a broker with accounts of its own
  scales.divisionMg       display step of the scales, mg (1000)
  scales.samplePeriodMs   between two weighings, ms (100)
  scales.scaleSdMg        white noise of one weighing, mg (700)
  journal.ballastBytes    kept aside for a full disk (1 MiB)
  journal.minFreeBytes    no session starts with less space (16 MiB)
  releases.trialMs        another release must reach the server in this time, ms (300000)
  screen                  {} serves the page of the screen on the cabinet; absent: there is none
    screen.host           address it listens on (127.0.0.1)
    screen.port           its port (8090)
    screen.buyerUrl       http(s) address of the buyers' pages in the code to scan (serverUrl)
  log                     error, warn or info (info)
  hardware                the installation profile:
    ports.NAME            { url: serial:/dev/… | tcp://host:port, baudRate, parity, … }
    lock                  { port, doorLock, board: { driver: lock-8a | lock-cu48 | lock-cu16 | lock-wkly, … } }
    scales                [{ laneId: "L01", port, board: { driver: scale-sbt | scale-dini-dgt | scale-mt-sics, … } }]
    thermometer, doorInput  optional
    scanner               { port, board: { driver: scanner-line } }, alone on its port; optional, for offline passes

Exit codes: 0 ended by a signal · 1 could not start · 75 a reboot or another release: start it again.
`

/** Reads and checks the file; a failure names every problem at once. */
export function loadAgentConfig(file: string): AgentConfig {
  let json: unknown
  try {
    json = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
  const parsed = AgentConfig.safeParse(json)
  if (!parsed.success) throw new Error(`${file}:\n${z.prettifyError(parsed.error)}`)
  return parsed.data
}
