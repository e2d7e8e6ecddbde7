// A market whose cabinets, all at one host site, sell on passes; each has a real journal and verifies as the agent does.
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { Journal } from '#cabinet-agent/journal/journal.ts'
import { verifyPass } from '#cabinet-agent/pass/verify-pass.ts'
import { commandBodies } from '#shared/contracts/mqtt/command.ts'
import { CabinetConfig } from '#shared/contracts/mqtt/twin.ts'
import { seededRandom } from '#shared/ids/random.ts'
import { makeId, type Id } from '#shared/ids/uuid-v7.ts'
import type { Database } from '#server/db/database.ts'
import { exec, one, rows } from '#server/db/unit.ts'
import { CommandSigner } from '#server/mqtt/command-signer.ts'
import { commitEntries } from '#server/mqtt/commit-entries.ts'
import { readEntry } from '#server/mqtt/journal-entries.ts'
import { issuePass, type PassRow } from '#server/offline-passes/issue-pass.ts'
import { PassSigner } from '#server/offline-passes/pass-signer.ts'
import { defaultPassSettings } from '#server/offline-passes/settings.ts'
import { announceUses } from '#server/offline-passes/tell-group.ts'
import { walletPayments } from '#server/payments/wallet-payments.ts'
import { marketHandlers, openMarket, seedBuyer, seedCabinet, settled, versions, type Market } from './market.ts'
import type { TestClock } from './test-clock.ts'

export const limits = { maxOpenSessions: 3, maxOpenFen: 12_000 }

export interface PassMarket extends Market {
  readonly cabinets: readonly PassCabinet[]
  readonly signer: CommandSigner
  addBuyer(login: string, walletFen: number): Promise<Id>
  issue(accountId: Id, capFen: number, idempotencyKey: string): Promise<PassRow>
  /** What the server does every two seconds. */
  announce(): Promise<void>
}

export class PassCabinet {
  readonly cabinetId: Id
  readonly journal: Journal
  /** Sessions by the absence (time without contact) in which they were opened. */
  readonly opened: Array<{ sessionId: Id; passId: Id; absence: number; billFen: number }> = []
  absence = 0
  readonly #market: () => PassMarket
  readonly #clock: TestClock
  readonly #serverKey: KeyObject
  readonly #groupId: Id
  readonly #random: ReturnType<typeof seededRandom>

  constructor(
    cabinetId: Id,
    around: { market: () => PassMarket; clock: TestClock; serverKey: KeyObject; groupId: Id; seed: number },
  ) {
    this.cabinetId = cabinetId
    this.#market = around.market
    this.#clock = around.clock
    this.#serverKey = around.serverKey
    this.#groupId = around.groupId
    this.#random = seededRandom(around.seed)
    this.journal = Journal.open({ file: ':memory:', bootId: makeId(this.#clock, this.#random) })
  }

  /** Shows a pass and, when it opens, takes so many pieces of citrus. Returns the session's id or why not. */
  sell(code: string, count: number): { sessionId: Id } | { refused: string } {
    const { journal } = this
    const verified = verifyPass(code, {
      serverKeys: [this.#serverKey],
      selling: { groupId: this.#groupId, ...limits },
      nowMs: this.#clock.now(),
      lastCounter: (buyerId) => journal.lastPassCounter(buyerId),
      isRevoked: (passId) => journal.isPassRevoked(passId),
      open: journal.openPassUses(),
      dearestFen: 1_280,
    })
    if (verified.kind === 'refused') return { refused: verified.reason }
    const { pass } = verified
    const sessionId = makeId(this.#clock, this.#random)
    const started = { sessionId, kind: 'sale', commandId: pass.passId, versions, opening: [], passCode: code }
    journal.commit({
      atMs: this.#clock.now(),
      passUses: [pass],
      events: [{ type: 'session.started', body: started }],
    })
    const body = settled(this.#market(), sessionId, { count })
    journal.commit({ atMs: this.#clock.now(), events: [{ type: 'session.settled', body }] })
    this.opened.push({ sessionId, passId: pass.passId, absence: this.absence, billFen: count * 1_280 })
    return { sessionId }
  }

  /** A contact: the journal goes up, revocations come down. With a lost ack the journal is told again next time. */
  async meetServer({ isAckLost = false } = {}): Promise<void> {
    const { journal, cabinetId } = this
    const { database } = this.#market()
    const received = journal
      .entriesAfter(journal.position().ackedSeq, 200)
      .map((entry) => readEntry(JSON.parse(JSON.stringify(entry)), this.#clock.now()))
      .filter((entry) => entry !== undefined)
    const { throughSeq } = await database.run((ctx) =>
      commitEntries(ctx, cabinetId, received, marketHandlers, 'careful'),
    )
    if (isAckLost) return
    journal.acknowledge(throughSeq)
    await this.#market().announce()
    const commands = await database.read(({ db, tables: { cabinetCommands: c } }) =>
      rows(
        db
          .select({ body: c.body })
          .from(c)
          .where(and(eq(c.cabinetId, cabinetId), eq(c.kind, 'revoke-pass'))),
      ),
    )
    for (const { body } of commands) {
      const { passExpiresAtMs: expiresAtMs, ...pass } = commandBodies['revoke-pass'].parse(body)
      journal.commit({ atMs: this.#clock.now(), revokedPass: { ...pass, expiresAtMs } })
    }
    this.absence += 1
  }
}

export async function openPassMarket(database: Database, clock: TestClock, cabinetCount = 2): Promise<PassMarket> {
  const market = await openMarket(database, clock)
  const { privateKey } = generateKeyPairSync('ed25519')
  const signer = new CommandSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  const deps = { passSigner: new PassSigner(signer, clock), payments: walletPayments, settings: defaultPassSettings }
  const { groupId, cabinetIds } = await database.run(function* (ctx) {
    const { cabinets: c, cabinetTwins: t } = ctx.tables
    const first = yield* one(ctx.db.select().from(c).where(eq(c.cabinetId, market.cabinetId)))
    const siteId = first?.hostSiteId ?? ''
    const ids = [market.cabinetId]
    for (let index = 2; index <= cabinetCount; index += 1) {
      ids.push(yield* seedCabinet(ctx, `YB-${String(index).padStart(4, '0')}`, market))
    }
    const config = CabinetConfig.parse({ offlineSelling: { groupId: siteId, ...limits } })
    yield* exec(ctx.db.update(c).set({ hostSiteId: siteId }))
    yield* exec(ctx.db.update(t).set({ config }))
    return { groupId: siteId, cabinetIds: ids }
  })
  const serverKey = createPublicKey(privateKey)
  const passMarket: PassMarket = {
    ...market,
    signer,
    cabinets: cabinetIds.map(
      (cabinetId, index) =>
        new PassCabinet(cabinetId, { market: () => passMarket, clock, serverKey, groupId, seed: 90 + index }),
    ),
    addBuyer: (login, walletFen) => database.run((ctx) => seedBuyer(ctx, login, walletFen)),
    issue: (accountId, capFen, idempotencyKey) => {
      const request = { accountId, accountName: 'buyer', cabinetCode: market.cabinetCode, capFen, idempotencyKey }
      return database.run((ctx) => issuePass(ctx, deps, request))
    },
    announce: async () => void (await database.run((ctx) => announceUses(ctx, signer))),
  }
  return passMarket
}
