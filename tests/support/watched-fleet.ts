// The server's line to the cabinets, its jobs and its real ways out, over a market on the test's clock; cabinets speak on the MQTT
// topics, of which only the broker is left out. A mailbox and a webhook hear of every alert.
//
//   await using fleet = await openWatchedFleet(dialect)
//   fleet.say('reported', twin)
//   await expect.poll(() => fleet.hasTold('scale_fault')).toBe(true)
import { pino } from 'pino'
import { expect } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { makeId } from '#shared/ids/uuid-v7.ts'
import type { AlertKind } from '#shared/contracts/http/alerts.ts'
import type { EventBody, EventType, JournalEntry } from '#shared/contracts/mqtt/event.ts'
import { topicOf, type Channel } from '#shared/contracts/mqtt/topics.ts'
import { addRecipient } from '#server/alerts/recipients.ts'
import { readServerConfig } from '#server/config/server-config.ts'
import { startCore } from '#server/core.ts'
import type { Database } from '#server/db/database.ts'
import { createClosing } from '#server/demo/closing.ts'
import { LiveHub } from '#server/http/live-hub.ts'
import { Metrics } from '#server/http/metrics.ts'
import type { LinkListener } from '#server/mqtt/cabinet-link.ts'
import { nouns } from '#server/nouns.ts'
import { JournalWriter } from './journal-writer.ts'
import { openHookReceiver, openMailbox, type HookReceiver, type Mail, type Mailbox } from './mailbox.ts'
import { openDeps, openMarket, type Market } from './market.ts'
import { makeScratchFolder } from './scratch-folder.ts'
import { TestClock } from './test-clock.ts'
import { openTestDatabase, type dialects } from './test-database.ts'
import { testSealer } from './test-sealer.ts'

export interface WatchedFleet extends AsyncDisposable {
  readonly clock: TestClock
  readonly database: Database
  readonly market: Market
  readonly mailbox: Mailbox
  readonly receiver: HookReceiver
  readonly journal: JournalWriter
  /** A message of the market's cabinet, as its agent sends it. */
  readonly say: (channel: Channel, message: unknown) => void
  /** Writes an event to its journal and sends it; resolves once it is committed. */
  readonly tell: <T extends EventType>(type: T, body: EventBody<T>) => Promise<JournalEntry>
  /** Lets some time pass, and the jobs do their work; true once both ways have told of an alert of this kind. */
  readonly hasTold: (kind: AlertKind) => Promise<boolean>
}

const byAccountId = '01900000-0000-7000-8000-0000000000aa'
/** As the watching job looks. */
const stepMs = 15_000

/** The mail's text: one part, in whichever of the two encodings is shorter. */
function textOf({ source }: Mail): string {
  const body = source.slice(source.indexOf('\r\n\r\n'))
  if (/^content-transfer-encoding: base64/im.test(source)) return Buffer.from(body, 'base64').toString()
  const bytes = body.replaceAll('=\r\n', '').replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => `%${hex}`)
  return decodeURIComponent(bytes)
}

export async function openWatchedFleet(dialect: (typeof dialects)[number]): Promise<WatchedFleet> {
  const parts = createClosing()
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  parts.defer(() => database.close())
  const market = await openMarket(database, clock)
  const mailbox = parts.use(await openMailbox())
  const receiver = parts.use(await openHookReceiver())
  const metrics = new Metrics()
  const config = readServerConfig({
    HUINONG_DATA_DIR: makeScratchFolder('huinong-watched-'),
    HUINONG_SMTP_URL: mailbox.smtpUrl,
    HUINONG_MAIL_FROM: 'alarm@huinong.example',
    HUINONG_ALERT_PRIVATE_NETWORKS: '127.0.0.0/8',
  })
  const random = seededRandom(5)
  const logger = pino({ level: 'silent' })
  const hub = new LiveHub(clock, metrics)
  const tools = { config, database, clock, random, logger, metrics, hub, signer: openDeps.signer, sealer: testSealer }
  const acked = new Set<number>()
  let listener: LinkListener | undefined
  const ends: Array<() => unknown> = []
  await startCore(tools, {
    nouns,
    ends,
    openLink(heard) {
      listener = heard
      return {
        isConnected: true,
        url: 'test://broker',
        publish: (_cabinetId, channel, message) => {
          if (channel === 'acks' && 'throughSeq' in message) acked.add(message.throughSeq)
          return Promise.resolve()
        },
        shareWithPages: () => {},
        disconnect: () => {},
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }
    },
  })
  for (const end of ends) parts.defer(async () => void (await end()))
  const person = { byAccountId, sealer: testSealer, canMail: true, name: '值班', kinds: [], level: 1 }
  const always = { quietFromMinute: 0, quietToMinute: 0 }
  await database.run(function* (ctx) {
    yield* addRecipient(ctx, { ...person, ...always, channel: 'email', address: 'duty@huinong.example' })
    yield* addRecipient(ctx, { ...person, ...always, channel: 'webhook', address: receiver.url })
  })
  const journal = new JournalWriter(makeId(clock, random), () => clock.now())
  const say = (channel: Channel, message: unknown) =>
    listener?.onMessage(topicOf(market.cabinetId, channel), Buffer.from(JSON.stringify(message)))
  return {
    clock,
    database,
    market,
    mailbox,
    receiver,
    journal,
    say,
    async tell(type, body) {
      const entry = journal.write(type, body)
      say('events', entry)
      await expect
        .poll(async () => {
          await clock.advanceAsync(50)
          return acked.has(entry.seq)
        })
        .toBe(true)
      return entry
    },
    async hasTold(kind) {
      const isRaised = ({ body }: { body: string }) => {
        const told = JSON.parse(body) as { kind?: string; event: string }
        return told.kind === kind && told.event === 'raised'
      }
      await clock.advanceAsync(stepMs)
      return receiver.hooks.some(isRaised) && mailbox.mails.some((mail) => textOf(mail).includes(`（${kind}）`))
    },
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}
