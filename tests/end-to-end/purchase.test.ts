import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getShelfByCode } from '#shared/contracts/http/shelf.ts'
import { checkLedger, getHouseholdIncome, listHouseholds } from '#shared/contracts/http/money.ts'
import {
  decideReview,
  getReceipt,
  getSession,
  getSessionEvidence,
  openForRestock,
} from '#shared/contracts/http/sessions.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { waitForSessionEnd } from '#server/demo/session-end.ts'
import { findNumbersInLog } from '#tests/support/number-scan.ts'
import { startCabinetWorld, type CabinetWorld } from '#tests/support/cabinet-world.ts'
import {
  balanceOf,
  cartRests,
  closeDoor,
  endOf,
  openDoor,
  put,
  purchaseTimeoutMs,
  receiptOf,
  scan,
  settleTimeoutMs,
  take,
} from './buyer.ts'

const code = 'YB-0001'

let world: CabinetWorld

beforeAll(async () => {
  world = await startCabinetWorld({ dialect: 'sqlite', cabinetCount: 1 })
})
afterAll(() => world?.[Symbol.asyncDispose]())

/** The lane of a cabinet that holds what the shelf shows under this name. */
async function shelf() {
  const api = await world.signIn('auditor')
  return api.call(getShelfByCode, { params: { code } })
}

/** A person's decision of a session in review, who could not charge for it either. */
async function chargeNothing(sessionId: string) {
  const operator = await world.signIn('operator')
  expect((await operator.call(getSessionEvidence, { params: { sessionId } })).mostFen).toBe(0)
  return operator.call(decideReview, { params: { sessionId }, body: { lines: [], reason: '称重不明，不收费' } })
}

describe('one purchase through every real part', { timeout: purchaseTimeoutMs }, () => {
  it('ends in a receipt whose parts add up, and in a household’s explained income', async () => {
    const buyer = await world.signIn('buyer1')
    const before = await balanceOf(buyer)
    using live = await buyer.openLive(systemClock)
    using hands = await world.hands(code)

    const session = await scan(buyer, code)
    await openDoor(hands, buyer, session.sessionId)
    await take(hands, 'L02')
    await take(hands, 'L05')
    await live.waitFor((update) => update.kind === 'cart' && update.live.cart.length === 2, settleTimeoutMs)
    await closeDoor(hands)
    const receipt = await receiptOf(live, session.sessionId)

    expect(receipt.lines.map(({ laneId, count }) => [laneId, count])).toEqual([
      ['L02', 1],
      ['L05', 1],
    ])
    for (const line of receipt.lines) {
      expect(line.parts.reduce((sum, { amountFen }) => sum + amountFen, 0)).toBe(line.amountFen)
      expect(line.parts.every(({ payeeName }) => payeeName !== '')).toBe(true)
    }
    expect(receipt.totalFen).toBe(receipt.lines.reduce((sum, { amountFen }) => sum + amountFen, 0))
    expect(await balanceOf(buyer)).toEqual({ balanceFen: before.balanceFen - receipt.totalFen, heldFen: 0 })
    await explainsIncome(session.sessionId)
  })

  /** Some household has income from the session, explained, and the books are sound. */
  async function explainsIncome(sessionId: string): Promise<void> {
    const finance = await world.signIn('finance')
    const { rows } = await finance.call(listHouseholds, { query: { hasIncome: 'true', limit: 200 } })
    expect(rows.length).toBeGreaterThan(0)
    const incomes = await Promise.all(
      rows.map(({ householdCode }) => finance.call(getHouseholdIncome, { params: { householdCode }, query: {} })),
    )
    const lines = incomes.flatMap((income) => income.rows).filter((line) => line.sessionId === sessionId)
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      expect(line.cabinetCode).toBe(code)
      expect(line.explanation.length).toBeGreaterThan(0)
    }
    for (const { totalFen, household } of incomes) expect(totalFen).toBe(household.incomeFen)
    expect(await finance.call(checkLedger, {})).toMatchObject({ isSound: true, problems: [] })
  }

  // The hand presses the scale as hands do, and in about one of thirty such sessions the decoder asks a person whether the same piece
  // came back; tests/simulation/weighing counts how often. Either way nothing is charged.
  it('charges nothing for what was put back, and says so with an empty receipt', async () => {
    const buyer = await world.signIn('buyer1')
    const before = await balanceOf(buyer)
    using live = await buyer.openLive(systemClock)
    using hands = await world.hands(code)

    const session = await scan(buyer, code)
    await openDoor(hands, buyer, session.sessionId)
    const item = await take(hands, 'L03')
    await cartRests(live, (totalFen) => totalFen > 0)
    await put(hands, 'L03', item)
    await cartRests(live, (totalFen) => totalFen === 0)
    await closeDoor(hands)
    const end = await endOf(live, session.sessionId)
    const receipt = typeof end === 'string' ? await chargeNothing(session.sessionId) : end

    expect(receipt).toMatchObject({ totalFen: 0, lines: [] })
    expect(await balanceOf(buyer)).toEqual(before)
  })

  it('gives the hold back when nobody opens the door', async () => {
    const buyer = await world.signIn('buyer2')
    const before = await balanceOf(buyer)

    const session = await scan(buyer, code)
    expect((await balanceOf(buyer)).heldFen).toBeGreaterThan(0)
    const ended = await waitForSessionEnd({ clock: systemClock, signal: world.signal }, buyer, session.sessionId)

    expect(ended.state).toBe('not_opened')
    expect(await balanceOf(buyer)).toEqual({ ...before, heldFen: 0 })
  })

  it('asks a person when something foreign was left, and then charges no more than the lowest plausible bill', async () => {
    const buyer = await world.signIn('buyer2')
    const before = await balanceOf(buyer)
    using hands = await world.hands(code)

    const session = await scan(buyer, code)
    await openDoor(hands, buyer, session.sessionId)
    await take(hands, 'L04')
    hands.send({ hand: 'put-foreign', laneId: 'L04', name: '手机', massMg: 187_000 })
    await closeDoor(hands)
    const ended = await waitForSessionEnd({ clock: systemClock, signal: world.signal }, buyer, session.sessionId)

    expect(ended.state).toBe('review')
    const operator = await world.signIn('operator')
    const { evidence, reason } = await operator.call(getSessionEvidence, { params: { sessionId: session.sessionId } })
    expect(reason).toBeDefined()
    expect(evidence?.opening.length).toBe(12)
    const receipt = await operator.call(decideReview, {
      params: { sessionId: session.sessionId },
      body: { lines: [], reason: '称重不明，不收费' },
    })
    expect(receipt?.totalFen).toBe(0)
    expect(await balanceOf(buyer)).toEqual({ ...before, heldFen: 0 })
    expect((await buyer.call(getReceipt, { params: { sessionId: session.sessionId } })).totalFen).toBe(0)
  })

  it('opens once for one intent, however often the page asks', async () => {
    const buyer = await world.signIn('buyer3')
    using hands = await world.hands(code)
    const key = 'one-intent-of-a-page'

    const [first, again] = await Promise.all([scan(buyer, code, key), scan(buyer, code, key)])
    await openDoor(hands, buyer, first.sessionId)
    const later = await scan(buyer, code, key)
    await closeDoor(hands)
    const ended = await waitForSessionEnd({ clock: systemClock, signal: world.signal }, buyer, first.sessionId)

    expect(again.sessionId).toBe(first.sessionId)
    expect(later.sessionId).toBe(first.sessionId)
    expect(ended).toMatchObject({ state: 'settled', totalFen: 0 })
  })
})

describe('a restock', () => {
  it('is never a sale: it raises the count and moves no money', async () => {
    const finance = await world.signIn('finance')
    const restocker = await world.signIn('restocker')
    const shown = (await shelf()).lanes.find(({ laneId }) => laneId === 'L12')
    const lane = world.data.shelves.get(code)?.find(({ laneId }) => laneId === 'L12')
    if (shown === undefined || lane === undefined) throw new Error('the cabinet has no L12')
    const before = await finance.call(checkLedger, {})
    const lot = await world.depot.takeLot(lane.skuKey, 2)
    using hands = await world.hands(code)

    const { lotId, skuId, name, unitMassMg, unitMassSdMg } = lot
    const session = await restocker.call(openForRestock, {
      body: {
        cabinetCode: code,
        loads: [{ laneId: 'L12', lotId, skuId, count: 2, isReplacement: false }],
        idempotencyKey: 'restock-of-one-lane',
      },
    })
    await openDoor(hands, restocker, session.sessionId)
    hands.send({ hand: 'load', laneId: 'L12', skuId, name, count: 2, unitMassMg, unitMassSdMg })
    await closeDoor(hands)
    await waitForSessionEnd({ clock: systemClock, signal: world.signal }, restocker, session.sessionId)

    const after = (await shelf()).lanes.find(({ laneId }) => laneId === 'L12')
    expect(after?.count).toBe(shown.count + 2)
    expect(await restocker.call(getSession, { params: { sessionId: session.sessionId } })).toMatchObject({
      kind: 'restock',
      state: 'settled',
    })
    expect(await finance.call(checkLedger, {})).toMatchObject({
      checkedTransfers: before.checkedTransfers,
      isSound: true,
    })
  })
})

describe('the logs of all that', () => {
  it('name nobody: no phone, identity or bank number of any household stands in them', async () => {
    const logs = await world.logs()

    expect(logs).toContain('request done')
    expect(logs).toContain('online')
    expect(findNumbersInLog(logs)).toEqual([])
    expect(world.data.households.filter(({ phone }) => logs.includes(phone))).toEqual([])
  })
})
