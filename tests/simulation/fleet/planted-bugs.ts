// Bugs for the mutation check: each is what a slip in the product would do, made by a hand at one of its ports. The simulation
// must find every one of them; the product knows nothing of this file.
import type { Channel } from '#shared/contracts/mqtt/topics.ts'
import { parseTopic } from '#shared/contracts/mqtt/topics.ts'
import type { StatementFilter } from './machine.ts'
import type { MachineClock } from './scheduler.ts'
import { thiefKey, type PlantedBug } from './world.ts'

/** Leaves out every n-th run of the statements that the pattern fits. */
function leaveOut(pattern: RegExp, everyNth: number): StatementFilter {
  let seen = 0
  return (sql) => {
    if (!pattern.test(sql)) return true
    seen += 1
    return seen % everyNth !== 0
  }
}

function withhold(channel: Channel, fromMs: number): NonNullable<PlantedBug['onWorld']> {
  return (world) => {
    const { filter } = world.broker
    world.broker.filter = (packet, toClientId) => {
      const isWithheld = toClientId !== undefined && parseTopic(packet.topic)?.channel === channel
      return isWithheld && world.scheduler.nowMs > fromMs ? undefined : filter(packet, toClientId)
    }
  }
}

/** Leaves out transfers of one kind of cause, with their entries; what else the use case writes stays. */
function leaveUnposted(causeKind: string): StatementFilter {
  const left = new Set<string>()
  return (sql, values) => {
    const texts = values.flat().filter((value) => typeof value === 'string')
    if (sql.startsWith('insert into "ledger_transfer"')) {
      const transferId = texts.find((text) => text.startsWith(`${causeKind}:`))
      if (transferId === undefined) return true
      left.add(transferId)
      return false
    }
    return !sql.startsWith('insert into "ledger_entry"') || !texts.some((text) => left.has(text))
  }
}

/** Payouts and distributions take days of notice: so many visits a seed, for such a day to come. */
const sessionsWithOffice = 400

/** So many, for a lot to be lost, or recalled. */
const sessionsWithKeepers = 200

/** So many, for a key to be prepared, changed and ended. */
const sessionsWithKeyChange = 200

/** Made anew for each run: some of them count. */
export const plantedBugs: Readonly<Record<string, () => PlantedBug>> = {
  'acknowledges entries it never had': () => ({
    server: {
      wrapLink: (link) => ({
        ...link,
        get isConnected() {
          return link.isConnected
        },
        publish(cabinetId, channel, message) {
          const isAck = channel === 'acks' && 'throughSeq' in message
          const sent = isAck ? { throughSeq: message.throughSeq + 3 } : message
          return link.publish(cabinetId, channel, sent as typeof message)
        },
      }),
    },
  }),
  'loses a row of the outbox': () => ({ agent: { filter: leaveOut(/^INSERT INTO entries/, 60) } }),
  'forgets which commands and sessions it has seen': () => ({
    agent: { filter: leaveOut(/^INSERT INTO (commands|sessions)/, 1) },
  }),
  'does not wait for the disk before it goes on': () => ({ agent: { isLogUnsynced: true } }),
  'obeys any key': () => ({ extraServerKey: thiefKey.publicKey }),
  'goes on to obey a key that was ended': () => ({
    sessions: sessionsWithKeyChange,
    agent: {
      wrapKeys: (keys) => {
        const known = new Set(keys.trusted())
        return {
          ...keys,
          trusted: () => {
            for (const key of keys.trusted()) known.add(key)
            return [...known]
          },
        }
      },
    },
  }),
  'misses a change of the keys': () => ({
    sessions: sessionsWithKeyChange,
    agent: { wrapKeys: (keys) => ({ ...keys, follow: () => false }) },
  }),
  'lets commands live for ever': () => ({
    agent: {
      wrapClock: (clock) => {
        const stoppedAtMs = clock.now()
        return Object.assign(Object.create(clock) as MachineClock, {
          now: () => stoppedAtMs,
          monotonicMs: () => clock.monotonicMs(),
          setTimer: (delayMs: number, callback: () => void) => clock.setTimer(delayMs, callback),
        })
      },
    },
  }),
  'posts one side of a transfer': () => ({ server: { filter: leaveOut(/^insert into "ledger_entry"/, 90) } }),
  'does not write down what left the shelf': () => ({ server: { filter: leaveOut(/^insert into "stock_move"/, 12) } }),
  'keeps the hold of a session that has ended': () => ({
    server: { filter: leaveOut(/^update "payment_intent"/, 12) },
  }),
  'drops the answer to a command': () => ({ server: { filter: leaveOut(/^update "cabinet_command"/, 1) } }),
  'opens on one pass again and again': () => ({ agent: { filter: leaveOut(/^INSERT INTO passUses/, 1) } }),
  'answers that a pass is ended and does not keep it': () => ({
    agent: { filter: leaveOut(/^INSERT OR IGNORE INTO passUses/, 1) },
  }),
  'writes a refund down and does not pay it': () => ({ server: { filter: leaveUnposted('refund') } }),
  'forgets what the bank has answered': () => ({
    sessions: sessionsWithOffice,
    server: { filter: leaveOut(/^\s*update payout_attempt set\s+outcome = case/, 1) },
  }),
  'writes a loss down and lets nobody bear it': () => ({
    sessions: sessionsWithKeepers,
    server: { filter: leaveUnposted('stock-loss') },
  }),
  'leaves a lane unlocked where a recalled lot lies': () => ({
    sessions: sessionsWithKeepers,
    server: { filter: leaveOut(/^insert into "lane_lock"/, 1) },
  }),
  'forgets what a restock brought': () => ({ server: { filter: leaveOut(/^(insert into|update) "lane_stock"/, 12) } }),
  'never tells a cabinet of a changed twin': () => ({ onWorld: withhold('desired', 20_000) }),
}
