// Each kind of alert from what really causes it (a message of the cabinet, or what a use case writes into the books) to a real mailbox
// and a real webhook, through the server's own line and jobs. A rule whose condition nobody ever writes would fail here.
import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { AlertKind } from '#shared/contracts/http/alerts.ts'
import type { Telemetry } from '#shared/contracts/mqtt/live.ts'
import type { ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { CabinetConfig } from '#shared/contracts/mqtt/twin.ts'
import { sqlExec } from '#server/db/unit.ts'
import { exportNext } from '#server/payouts/export-batch.ts'
import { releaseBatch } from '#server/payouts/sign-batch.ts'
import { importStatement } from '#server/reconciliation/import-statement.ts'
import { reconcileDay } from '#server/reconciliation/reconcile-day.ts'
import { enterCertificate } from '#server/scale-checks/enter-certificate.ts'
import { recordCheck } from '#server/scale-checks/record-check.ts'
import { countLane } from '#server/stock/count-lane.ts'
import { JournalWriter } from '#tests/support/journal-writer.ts'
import { enterProfile, payoutHands, people } from '#tests/support/payout-world.ts'
import { dialects } from '#tests/support/test-database.ts'
import { testSealer } from '#tests/support/test-sealer.ts'
import { openWatchedFleet, type WatchedFleet } from '#tests/support/watched-fleet.ts'

const by = { accountId: '01900000-0000-7000-8000-0000000000ab', name: '李师傅' }
const plate = { accuracyClass: 'III', intervalMg: 2_000 } as const
const dayMs = 86_400_000

function twinOf({ clock, market }: WatchedFleet, changes: Partial<ReportedTwin> = {}): ReportedTwin {
  const weighed = { count: 20, grossMg: 20_000_000, unitMassMg: 1_000_000, unitMassSdMg: 5_000 }
  const lane = { ...weighed, hasForeignObject: false, isFaulty: false }
  return {
    desiredVersion: 1,
    planogramVersion: 1,
    pricesVersion: 1,
    config: CabinetConfig.parse({}),
    isInService: true,
    doorState: 'closed',
    sessionState: 'idle',
    lanes: [{ ...lane, laneId: 'L01', skuId: market.citrus.skuId }],
    alarms: [],
    atMs: clock.now(),
    ...changes,
  }
}

const telemetryOf = ({ clock }: WatchedFleet, diskFreeBytes: number): Telemetry => ({
  atMs: clock.now(),
  devices: [],
  links: {},
  outboxDepth: 0,
  diskFreeBytes,
  rssBytes: 1,
  uptimeMs: 1,
})

async function seeOffline({ clock, journal, say }: WatchedFleet): Promise<void> {
  const { bootId } = journal.write('agent.started', { versions: { agent: 't', decoder: 't', planogram: 1, prices: 1 } })
  say('presence', { isOnline: true, bootId, atMs: clock.now() })
  await clock.advanceAsync(1_000)
  say('presence', { isOnline: false, bootId, atMs: clock.now() })
}

async function leaveShut({ market, tell }: WatchedFleet): Promise<void> {
  const sessionId = await market.open()
  await tell('session.not_opened', { sessionId, outcome: 'NOT_OPENED', detail: 'the bolt did not move' })
}

async function leaveUnsettled({ market, tell }: WatchedFleet): Promise<void> {
  const sessionId = await market.open()
  await tell('door.opened', { sessionId })
  await tell('door.closed', { sessionId })
}

/** A second journal under the name of the first: its second entry does not follow from the first that was committed. */
async function breakChain({ clock, say, tell }: WatchedFleet): Promise<void> {
  const { bootId } = await tell('door.forced', { detail: 'first' })
  const other = new JournalWriter(bootId, () => clock.now())
  other.write('door.forced', { detail: 'another first' })
  say('events', other.write('door.closed', {}))
}

const fail = ({ database, market }: WatchedFleet) =>
  database.run((ctx) =>
    recordCheck(ctx, {
      cabinetId: market.cabinetId,
      laneId: 'L01',
      weightSet: 'M1 砝码 17 号',
      loads: [
        { nominalMg: 0, shownMg: 0 },
        { nominalMg: 1_000_000, shownMg: 1_012_000 },
      ],
      by,
      ...plate,
    }),
  )

const certify = ({ database, market, clock }: WatchedFleet) =>
  database.run((ctx) =>
    enterCertificate(ctx, {
      cabinetId: market.cabinetId,
      certificateNumber: '渝检-1',
      issuedBy: '渝北区计量所',
      ...plate,
      maxMassMg: 6_000_000,
      verifiedAtMs: clock.now() - 1,
      expiresAtMs: clock.now() + dayMs,
      by,
    }),
  )

const countFew = ({ database, market: { cabinetId, citrus } }: WatchedFleet) =>
  database.run((ctx) =>
    countLane(ctx, {
      cabinetId,
      laneId: 'L01',
      counts: [{ lotId: citrus.lotId, units: 2 }],
      reason: '盘点',
      by: by.accountId,
    }),
  )

const state = ({ database }: WatchedFleet) =>
  database.run(function* (ctx) {
    const line = { row: 2, reference: 'T 9', day: '2026-03-01', amountFen: 100, note: '' }
    yield* importStatement(ctx, { channel: 'top-ups', sha256: 'ab'.repeat(32), lines: [line] }, by.accountId)
    yield* reconcileDay(ctx, '2026-03-01')
  })

/** A payout's file is out; the bank's day goes by, or with its answer the days to close the batch. */
async function leavePayout({ database, clock }: WatchedFleet, daysToClose: number | undefined): Promise<void> {
  const waiting = { now: () => clock.now(), advance: (ms: number) => clock.setWall(clock.now() + ms) }
  const office = payoutHands(database, waiting)
  await database.run((ctx) => enterProfile(ctx))
  await office.earn(1, 5_000)
  await office.giveAccount(1)
  const { batchId } = await office.draft()
  await office.approve(batchId)
  const batch = await office.export(batchId)
  if (daysToClose !== undefined) await office.answer(batch, { 1: 'PAID' })
  clock.setWall(Number(batch.returnDueMs) + (daysToClose ?? 0) * dayMs + 1)
}

/** The first of a payout's two files is out, nobody makes the other, and the bank's day goes by. */
async function leaveHalfSent({ database, clock }: WatchedFleet): Promise<void> {
  const waiting = { now: () => clock.now(), advance: (ms: number) => clock.setWall(clock.now() + ms) }
  const office = payoutHands(database, waiting)
  await database.run((ctx) => enterProfile(ctx, { maxRowsPerFile: 1 }))
  for (const serial of [1, 2]) {
    await office.earn(serial, 5_000)
    await office.giveAccount(serial)
  }
  const { batchId } = await office.draft()
  await office.approve(batchId)
  await database.run((ctx) => releaseBatch(ctx, batchId, people.releaser))
  const batch = await database.run((ctx) => exportNext(ctx, testSealer, batchId, people.releaser))
  clock.setWall(Number(batch.returnDueMs) + 1)
}

const waitForTheNight = ({ clock }: WatchedFleet) => clock.advanceAsync(600_000)

/** One fen more than the account's entries come to; found by the proof that the server makes by itself. */
async function misstate(fleet: WatchedFleet): Promise<void> {
  await fleet.database.run(() =>
    sqlExec(sql`update ledger_account set balance_fen = balance_fen + 1 where balance_fen is not null`),
  )
  await waitForTheNight(fleet)
}

/** Every proof from now on fails for want of a table. */
async function breakTheProof(fleet: WatchedFleet): Promise<void> {
  const { clock, database } = fleet
  await waitForTheNight(fleet)
  await database.run(() => sqlExec(sql`alter table write_off rename to write_off_gone`))
  clock.setWall(clock.now() + 2 * dayMs)
  await waitForTheNight(fleet)
  clock.setWall(clock.now() + 3_600_000)
}

/** Fourteen days of shelf life, to the end of the last one. */
async function waitForTheDate({ clock }: WatchedFleet): Promise<void> {
  clock.setWall(clock.now() + 13 * dayMs + 20 * 3_600_000)
  await Promise.resolve()
}

type Cause = (fleet: WatchedFleet) => unknown
const causes: ReadonlyArray<readonly [kind: AlertKind, what: string, cause: Cause]> = [
  ['cabinet_offline', 'the last will of its connection', seeOffline],
  ['door_open', 'its alarm', ({ tell }) => tell('alarm.raised', { alarm: 'door_open', detail: '' })],
  ['door_open', 'a door that was forced', ({ tell }) => tell('door.forced', { detail: 'no session' })],
  ['over_temperature', 'its alarm', ({ tell }) => tell('alarm.raised', { alarm: 'over_temperature', detail: '' })],
  ['lock_fault', 'a board that is silent', ({ tell }) => tell('device.offline', { device: 'lock', code: 'TIMEOUT' })],
  ['lock_fault', 'a lock that stays shut', leaveShut],
  ['lock_fault', 'a bolt left drawn', ({ tell }) => tell('alarm.raised', { alarm: 'lock_left_open', detail: '' })],
  [
    'scale_fault',
    'a lane without a weight on a board that answers',
    (fleet) => {
      const { lanes, ...twin } = twinOf(fleet)
      fleet.say('reported', { ...twin, lanes: lanes.map((lane) => ({ ...lane, isFaulty: true })) })
    },
  ],
  ['scale_fault', 'a board that is silent', ({ tell }) => tell('device.offline', { device: 'scale 1', code: 'X' })],
  ['scale_drift', 'a check with weights that it fails', fail],
  ['certificate_expiry', 'the certificate’s date', certify],
  ['sensor_fault', 'a silent sensor', ({ tell }) => tell('device.offline', { device: 'thermometer', code: 'X' })],
  ['session_unsettled', 'a door closed and no bill', leaveUnsettled],
  ['low_stock', 'a count', countFew],
  ['expiry', 'time', waitForTheDate],
  ['reconciliation_difference', 'a statement with a line of its own', state],
  ['payout_overdue', 'a bank that does not answer', (fleet) => leavePayout(fleet, undefined)],
  ['payout_overdue', 'a batch of which only a part was sent', leaveHalfSent],
  ['payout_overdue', 'a batch that nobody closes', (fleet) => leavePayout(fleet, 3)],
  ['books_unsound', 'a balance that its entries do not give', misstate],
  ['books_unproven', 'a proof that fails', breakTheProof],
  ['disk_full', 'its telemetry', (fleet) => fleet.say('telemetry', telemetryOf(fleet, 100_000_000))],
  [
    'disk_full',
    'its twin, when the journal takes nothing more',
    (fleet) => fleet.say('reported', twinOf(fleet, { alarms: ['disk_full'] })),
  ],
  ['journal_broken', 'entries that do not follow from each other', breakChain],
  ['twin_reverted', 'a change taken back', ({ tell }) => tell('twin.reverted', { desiredVersion: 1, reason: 'lost' })],
]

describe.each(dialects)('an alert on %s', { timeout: 60_000 }, (dialect) => {
  it.each(causes)('of %s reaches somebody from %s', async (kind, _, cause) => {
    await using fleet = await openWatchedFleet(dialect)

    await cause(fleet)

    await expect.poll(() => fleet.hasTold(kind), { timeout: 30_000 }).toBe(true)
  })
})

it('each kind has a cause that is tried', () => {
  expect(new Set(causes.map(([kind]) => kind))).toEqual(new Set(AlertKind.options))
})
