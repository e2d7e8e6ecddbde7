// What is not kept for good, class by class: how long, why so long, and how it goes. What is not named here stays: books,
// bills, receipts, payouts, the households' register and the trail are the programme's account of public money (30 years by
// the rules for accounting records), and half of them cannot be deleted without breaking a chain.
import { and, inArray, isNotNull, lt, ne, eq } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { AnyPgColumn, PgTable } from 'drizzle-orm/pg-core'
import { addressPurpose } from '../alerts/address-seal.ts'
import { countRows } from '../db/expressions.ts'
import { exec, one, rows, type Unit, type UnitContext } from '../db/unit.ts'
import type { Sealer } from '../personal-data/seal.ts'

export interface RetentionClass {
  readonly name: string
  readonly keptDays: number
  /** For people: what it is and what the time rests on. */
  readonly why: string
  /** How many are older than that. */
  readonly count: (ctx: UnitContext, beforeMs: number) => Unit<number>
  /** Removes at most `limit` of them; returns how many, 0 when none is left. */
  readonly remove: (ctx: UnitContext, input: { beforeMs: number; limit: number; sealer: Sealer }) => Unit<number>
}

interface Place {
  readonly table: PgTable
  /** Text primary key. */
  readonly key: AnyPgColumn
  readonly isOver: SQL | undefined
}
type Pick = (ctx: UnitContext, beforeMs: number) => Place

function* countIn({ db }: UnitContext, { table, isOver }: Place): Unit<number> {
  return (yield* one(db.select({ count: countRows() }).from(table).where(isOver)))?.count ?? 0
}

function* keysIn({ db }: UnitContext, { table, key, isOver }: Place, limit: number): Unit<string[]> {
  const found = yield* rows(db.select({ key }).from(table).where(isOver).limit(limit))
  return found.map((row) => String(row.key))
}

/** A class of the rows that `pick` finds; `letGo` says how those of the keys go and returns how many went. */
function classOf(
  said: Omit<RetentionClass, 'count' | 'remove'>,
  pick: Pick,
  letGo: (ctx: UnitContext, keys: string[], sealer: Sealer, place: Place) => Unit<number>,
): RetentionClass {
  return {
    ...said,
    count: (ctx, beforeMs) => countIn(ctx, pick(ctx, beforeMs)),
    *remove(ctx, { beforeMs, limit, sealer }) {
      const place = pick(ctx, beforeMs)
      const keys = yield* keysIn(ctx, place, limit)
      return keys.length === 0 ? 0 : yield* letGo(ctx, keys, sealer, place)
    },
  }
}

/** A class whose rows are deleted; `first` takes what hangs on them. */
const deleted = (
  said: Omit<RetentionClass, 'count' | 'remove'>,
  pick: Pick,
  first?: (ctx: UnitContext, keys: string[]) => Unit<void>,
): RetentionClass =>
  classOf(said, pick, function* (ctx, keys, _sealer, { table, key }) {
    if (first !== undefined) yield* first(ctx, keys)
    return yield* exec(ctx.db.delete(table).where(inArray(key, keys)))
  })

/** Stands where a name was. */
export const forgottenName = '—'

const closedAccounts = classOf(
  {
    name: 'closed-accounts',
    keptDays: 1_095,
    why: 'names and logins of closed accounts, also beside their purchases: three years, as long as a purchase may be claimed on; the purchases stay, without a name',
  },
  ({ tables: { accounts: a } }, beforeMs) => ({
    table: a,
    key: a.accountId,
    isOver: and(isNotNull(a.closedAtMs), lt(a.closedAtMs, beforeMs), ne(a.displayName, forgottenName)),
  }),
  function* (ctx, keys) {
    const { accounts: a, shoppingSessions: s, offlinePasses: p, recoveryCodes, secondFactors } = ctx.tables
    for (const accountId of keys) {
      const forgotten = {
        login: `former-${accountId}`,
        displayName: forgottenName,
        loginFingerprint: null,
        passwordHash: '',
      }
      yield* exec(ctx.db.update(a).set(forgotten).where(eq(a.accountId, accountId)))
    }
    yield* exec(ctx.db.update(s).set({ accountName: forgottenName }).where(inArray(s.accountId, keys)))
    yield* exec(ctx.db.update(p).set({ accountName: forgottenName }).where(inArray(p.accountId, keys)))
    yield* exec(ctx.db.delete(recoveryCodes).where(inArray(recoveryCodes.accountId, keys)))
    yield* exec(ctx.db.delete(secondFactors).where(inArray(secondFactors.accountId, keys)))
    return keys.length
  },
)

const removedRecipients = classOf(
  {
    name: 'removed-recipients',
    keptDays: 30,
    why: 'names and addresses of who is told of alerts no more: a month, for what was still under way',
  },
  ({ tables: { alertRecipients: r } }, beforeMs) => ({
    table: r,
    key: r.recipientId,
    isOver: and(isNotNull(r.removedAtMs), lt(r.removedAtMs, beforeMs), ne(r.name, forgottenName)),
  }),
  function* (ctx, keys, sealer) {
    const { alertRecipients: r } = ctx.tables
    for (const recipientId of keys) {
      const addressSealed = sealer.seal('', addressPurpose(recipientId))
      const forgotten = { name: forgottenName, addressHint: forgottenName, addressSealed, addressFingerprint: null }
      yield* exec(ctx.db.update(r).set(forgotten).where(eq(r.recipientId, recipientId)))
    }
    return keys.length
  },
)

export const retentionClasses: readonly RetentionClass[] = [
  deleted(
    {
      name: 'rejected-messages',
      keptDays: 90,
      why: 'what cabinets sent and nobody could read: a quarter, to find the fault',
    },
    ({ tables: { rejectedMessages: m } }, beforeMs) => ({ table: m, key: m.messageId, isOver: lt(m.atMs, beforeMs) }),
  ),
  deleted(
    {
      name: 'enrolment-codes',
      keptDays: 30,
      why: 'hashes of codes that nobody used: a month after they lapsed',
    },
    ({ tables: { enrolmentCodes: e } }, beforeMs) => ({
      table: e,
      key: e.cabinetId,
      isOver: lt(e.expiresAtMs, beforeMs),
    }),
  ),
  deleted(
    {
      name: 'commands',
      keptDays: 1_095,
      why: 'commands to cabinets with the name of who sent them: three years, as the purchase records of the food rules',
    },
    ({ tables: { cabinetCommands: k } }, beforeMs) => ({
      table: k,
      key: k.commandId,
      isOver: and(lt(k.issuedAtMs, beforeMs), isNotNull(k.outcome)),
    }),
  ),
  deleted(
    {
      name: 'alerts',
      keptDays: 730,
      why: 'alerts that are over, with the messages they sent: two years, to see what comes again',
    },
    ({ tables: { alerts: a } }, beforeMs) => ({
      table: a,
      key: a.alertId,
      isOver: and(isNotNull(a.clearedAtMs), lt(a.clearedAtMs, beforeMs)),
    }),
    function* ({ db, tables: { alertDeliveries: d } }, keys) {
      yield* exec(db.delete(d).where(inArray(d.alertId, keys)))
    },
  ),
  deleted(
    {
      name: 'restock-photos',
      keptDays: 1_095,
      why: 'photos of lanes, which may show people: three years, as the purchase records; their hash stays on the trail',
    },
    ({ tables: { restockPhotos: p } }, beforeMs) => ({
      table: p,
      key: p.photoId,
      isOver: lt(p.receivedAtMs, beforeMs),
    }),
  ),
  removedRecipients,
  closedAccounts,
]
