import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { verifyPass } from '#cabinet-agent/pass/verify-pass.ts'
import { readPublicKey } from '#cabinet-agent/link/login.ts'
import { findOpenCommands } from '#server/cabinets/end-command.ts'
import { exec, one } from '#server/db/unit.ts'
import { openMarket } from '#tests/support/market.ts'
import { enrolCabinet } from '#tests/support/test-cabinet.ts'
import { startServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'

const limits = { maxOpenSessions: 2, maxOpenFen: 10_000 }

describe.each(dialects)('the routes of offline passes on %s', (dialect) => {
  it('let a cabinet sell, give its buyer a pass it takes, show it and revoke it', async () => {
    await using server = await startServer({ dialect })
    const { database, clock, signer } = server.app.ctx
    const market = await openMarket(database, clock, { walletFen: 0 })
    const [operator, buyer, finance] = [
      await server.signIn('operator'),
      await server.signIn('buyer'),
      await server.signIn('finance'),
    ]
    const topUp = { amountFen: 8_000, reference: 'cash-1' }
    expect((await finance.send('POST', `/api/wallets/${buyer.accountId}/top-ups`, topUp)).status).toBeLessThan(300)
    const wish = { cabinetCode: market.cabinetCode, capFen: 5_000, idempotencyKey: 'intent-0001' }

    const early = await buyer.send('POST', '/api/offline-passes', wish)
    const path = `/api/cabinets/${market.cabinetId}/offline-selling`
    const selling = await operator.send('PUT', path, { limits })
    const issued = await buyer.send('POST', '/api/offline-passes', wish)

    expect(early.body).toMatchObject({ code: 'pass.offline_selling_off', field: 'cabinetCode' })
    expect(selling.status).toBe(200)
    const again = await buyer.send('POST', '/api/offline-passes', wish)
    expect(again.body).toEqual(issued.body)
    expect(issued).toMatchObject({ status: 201, body: { capFen: 5_000, state: 'valid', uses: [] } })
    const cabinet = await database.read(({ db, tables: { cabinetTwins: t } }) =>
      one(db.select().from(t).where(eq(t.cabinetId, market.cabinetId))),
    )
    const verified = verifyPass(String(issued.body['code']), {
      serverKeys: [readPublicKey(signer.publicKey)],
      selling: cabinet?.config.offlineSelling ?? null,
      nowMs: clock.now(),
      lastCounter: () => 0,
      isRevoked: () => false,
      open: { sessions: 0, capFen: 0 },
      dearestFen: 1_280,
    })
    expect(verified).toMatchObject({ kind: 'pass', pass: { buyerId: buyer.accountId, counter: 1 } })
    const own = await buyer.send('GET', '/api/me/offline-passes')
    expect(own.body).toMatchObject({ rows: [{ code: issued.body['code'] }] })
    const all = await finance.send('GET', '/api/offline-passes')
    expect(JSON.stringify(all.body)).not.toContain('HN1:')
    const passPath = `/api/offline-passes/${String(issued.body['passId'])}/revocation`
    const stranger = await server.signIn('buyer')
    expect((await stranger.send('POST', passPath)).body).toMatchObject({ code: 'pass.unknown' })
    expect(await buyer.send('POST', passPath)).toMatchObject({ status: 201, body: { state: 'revoked' } })
    expect((await buyer.send('POST', passPath)).body).toMatchObject({ code: 'pass.revoked_already' })
    // The cabinet is exchanged: what its predecessor was told, it is told too.
    await database.run(({ db, tables: { cabinetCommands: c } }) => exec(db.update(c).set({ outcome: 'done' })))
    await enrolCabinet(server, market.cabinetId, operator)
    const open = await database.read((ctx) => findOpenCommands(ctx, market.cabinetId))
    expect(open).toMatchObject([
      {
        command: { kind: 'revoke-pass', body: { passId: issued.body['passId'], buyerId: buyer.accountId, counter: 1 } },
      },
    ])
  })

  it('show a debt to its buyer and to finance, and take its payment once', async () => {
    await using server = await startServer({ dialect })
    const { database, clock } = server.app.ctx
    const [buyer, finance] = [await server.signIn('buyer'), await server.signIn('finance')]
    const topUp = { amountFen: 3_000, reference: 'cash-2' }
    await finance.send('POST', `/api/wallets/${buyer.accountId}/top-ups`, topUp)
    const intentId = await database.run(function* (ctx) {
      const id = ctx.newId()
      const { paymentIntents, paymentArrears } = ctx.tables
      const money = { heldFen: 0, capturedFen: 0, refundedFen: 0, drawnFen: 0, shortFen: 1_280 }
      const base = { intentId: id, payerAccountId: buyer.accountId }
      const times = { heldAtMs: clock.now(), finishedAtMs: clock.now() }
      const row = { ...base, ...money, ...times, method: 'wallet', state: 'captured', isPayerLiable: true } as const
      yield* exec(ctx.db.insert(paymentIntents).values(row))
      yield* exec(ctx.db.insert(paymentArrears).values({ ...base, owedFen: 1_280, sinceMs: clock.now() }))
      return id
    })

    const shown = await finance.send('GET', '/api/arrears')
    const paid = await buyer.send('POST', `/api/me/arrears/${intentId}/payment`)
    const again = await buyer.send('POST', `/api/me/arrears/${intentId}/payment`)

    expect(shown.body).toMatchObject({ rows: [{ sessionId: intentId, accountId: buyer.accountId, owedFen: 1_280 }] })
    expect(paid.body).toEqual({ rows: [] })
    expect(again.body).toMatchObject({ code: 'payment.arrears_unknown' })
    expect((await buyer.send('GET', '/api/me/wallet')).body).toMatchObject({ balanceFen: 1_720 })
  })
})
