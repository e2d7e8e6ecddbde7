import { eq, inArray } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { addressPurpose } from '#server/alerts/address-seal.ts'
import type { Database } from '#server/db/database.ts'
import type { Dialect } from '#server/db/kit.ts'
import { exec, insertRows, one, rows, type Unit, type UnitContext } from '#server/db/unit.ts'
import { changeAccess } from '#server/identity/change-account.ts'
import { applyRetention, rehearseRetention, type Removed } from '#server/retention/apply-retention.ts'
import { openRestockWorld } from '#tests/support/restock-world.ts'
import { seedAccount } from '#tests/support/seed-account.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'
import { testSealer } from '#tests/support/test-sealer.ts'
import { tinyPng } from '#tests/support/tiny-images.ts'

const dayMs = 86_400_000
const photo = new Uint8Array(tinyPng(1))
const countsOf = (removed: readonly Removed[]) =>
  Object.fromEntries(removed.filter(({ count }) => count > 0).map(({ name, count }) => [name, count]))

/** A message that nobody could read, a command that was answered and one that was not, a lapsed code, an alert that is over. */
function* addTraces(ctx: UnitContext, cabinetId: string): Unit<void> {
  const { tables: t } = ctx
  const atMs = ctx.now()
  const message = { topic: 'x', reason: 'not_json', detail: 'x', sizeBytes: 1, payload: Buffer.from('x') } as const
  yield* insertRows(t.rejectedMessages, [{ ...message, messageId: ctx.newId(), atMs, cabinetId }])
  const command = { cabinetId, kind: 'lock', body: {}, issuedAtMs: atMs, expiresAtMs: atMs, signature: 'x' } as const
  yield* insertRows(t.cabinetCommands, [
    { ...command, commandId: ctx.newId(), issuedBy: 'olga', outcome: 'done', isEndedByServer: false },
    { ...command, commandId: ctx.newId(), issuedBy: 'olga', isEndedByServer: false },
  ])
  const recipientId = ctx.newId()
  const alertId = ctx.newId()
  const addressSealed = testSealer.seal('olga@example.org', addressPurpose(recipientId))
  yield* insertRows(t.alertRecipients, [
    {
      recipientId,
      name: 'Olga',
      channel: 'email',
      addressSealed,
      addressHint: 'o***@example.org',
      kinds: [],
      level: 1,
      quietFromMinute: 0,
      quietToMinute: 0,
      createdBy: 'x',
      createdAtMs: atMs,
      removedAtMs: atMs,
    },
  ])
  const alert = {
    alertId,
    kind: 'cabinet_offline',
    subjectId: alertId,
    severity: 'warning',
    facts: {},
    level: 0,
  } as const
  yield* insertRows(t.alerts, [{ ...alert, sinceMs: atMs, clearedAtMs: atMs }])
  const delivery = { deliveryId: ctx.newId(), alertId, recipientId, event: 'raised', level: 1, state: 'sent' } as const
  yield* insertRows(t.alertDeliveries, [{ ...delivery, dueAtMs: atMs, attempts: 1 }])
}

/** Closes an account that bought something; returns its id. */
async function closeBuyer(database: Database, adminId: string, login: string): Promise<string> {
  return database.run(function* (ctx) {
    const accountId = yield* seedAccount(ctx, login, 'buyer')
    const session = {
      sessionId: ctx.newId(),
      kind: 'sale',
      cabinetId: 'x',
      cabinetCode: 'X',
      hostSiteName: 'x',
    } as const
    const opening = { accountId, accountName: login, idempotencyKey: login, commandId: 'x', authorisedAtMs: ctx.now() }
    const versions = { planogramVersion: 1, pricesVersion: 1, heldFen: 0, state: 'settled' } as const
    yield* insertRows(ctx.tables.shoppingSessions, [{ ...session, ...opening, ...versions }])
    yield* changeAccess(ctx, { byAccountId: adminId, accountId, isActive: false })
    return accountId
  })
}

async function openOldWorld(dialect: Dialect) {
  const clock = new TestClock()
  const database = await openTestDatabase(dialect, { clock })
  const world = await openRestockWorld(database, clock)
  await world.plan()
  const [task] = await world.tasks()
  const keepPhoto = () =>
    world.api.call('POST', `/api/restock-tasks/${task?.taskId}/photos/${world.newId()}?laneId=L01`, world.anna, photo)
  const { adminId, cabinetId } = await database.run(function* (ctx) {
    const found = yield* one(ctx.db.select().from(ctx.tables.cabinets).limit(1))
    return { adminId: yield* seedAccount(ctx, 'chief', 'admin'), cabinetId: found?.cabinetId ?? '' }
  })
  const live = async (login: string) => {
    await keepPhoto()
    await database.run((ctx) => addTraces(ctx, cabinetId))
    return closeBuyer(database, adminId, login)
  }
  const close = async () => {
    await world[Symbol.asyncDispose]()
    await database.close()
  }
  return { clock, database, live, parts: { database, clock, sealer: testSealer }, [Symbol.asyncDispose]: close }
}

describe.each(dialects)('what was kept long enough, on %s', (dialect) => {
  it('goes class by class and leaves what is younger, after a dry run that said how much', async () => {
    await using old = await openOldWorld(dialect)
    const first = await old.live('first')
    old.clock.advance(1_000 * dayMs)
    const second = await old.live('second')
    old.clock.advance(96 * dayMs)

    const said = await rehearseRetention(old.parts)
    const removed = await applyRetention(old.parts)

    expect(removed).toEqual(said)
    expect(countsOf(removed)).toEqual({
      'rejected-messages': 2,
      commands: 1,
      alerts: 1,
      'restock-photos': 1,
      'removed-recipients': 2,
      'closed-accounts': 1,
    })
    expect(countsOf(await applyRetention(old.parts))).toEqual({})
    const left = await old.database.read(function* ({ db, tables: t }) {
      return {
        accounts: yield* rows(db.select().from(t.accounts).where(eq(t.accounts.accountId, first))),
        young: yield* rows(db.select().from(t.accounts).where(eq(t.accounts.accountId, second))),
        sessions: yield* rows(
          db
            .select({ name: t.shoppingSessions.accountName })
            .from(t.shoppingSessions)
            .where(inArray(t.shoppingSessions.accountId, [first, second])),
        ),
        commands: yield* rows(
          db
            .select({ outcome: t.cabinetCommands.outcome })
            .from(t.cabinetCommands)
            .where(eq(t.cabinetCommands.issuedBy, 'olga')),
        ),
        photos: yield* rows(db.select({ id: t.restockPhotos.photoId }).from(t.restockPhotos)),
        deliveries: yield* rows(db.select({ id: t.alertDeliveries.deliveryId }).from(t.alertDeliveries)),
        recipients: yield* rows(db.select().from(t.alertRecipients)),
        trail: yield* rows(db.select().from(t.auditRows).where(eq(t.auditRows.action, 'retention.removed'))),
      }
    })
    expect(left.accounts).toMatchObject([{ login: `former-${first}`, displayName: '—', passwordHash: '' }])
    expect(left.young).toMatchObject([{ login: 'second', displayName: 'second' }])
    expect(left.sessions.map(({ name }) => name).toSorted()).toEqual(['second', '—'])
    expect(left.commands.filter(({ outcome }) => outcome === null)).toHaveLength(2)
    expect(left.commands).toHaveLength(3)
    expect([left.photos.length, left.deliveries.length]).toEqual([1, 1])
    expect(
      left.recipients.map(({ recipientId, addressSealed, name, addressHint }) => [
        testSealer.open(addressSealed, addressPurpose(recipientId)),
        name,
        addressHint,
      ]),
    ).toEqual([
      ['', '—', '—'],
      ['', '—', '—'],
    ])
    expect(Object.fromEntries(left.trail.map(({ subjectId, detail }) => [subjectId, detail['count']]))).toEqual(
      countsOf(removed),
    )
  })

  it('does not let a photo be changed while it is kept', async () => {
    await using old = await openOldWorld(dialect)
    await old.live('first')

    const change = old.database.run(({ db, tables: { restockPhotos: p } }) =>
      exec(db.update(p).set({ bytes: Buffer.from('another') })),
    )

    await expect(change).rejects.toMatchObject({ kind: 'immutable' })
  })
})
