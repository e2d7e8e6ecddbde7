import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getShelfByCode } from '#shared/contracts/http/cabinets.ts'
import { checkLedger } from '#shared/contracts/http/money.ts'
import { getReceipt, getSession } from '#shared/contracts/http/sessions.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { waitForSessionEnd } from '#server/demo/session-end.ts'
import { startCabinetWorld, type CabinetWorld } from '#tests/support/cabinet-world.ts'
import { balanceOf, closeDoor, openDoor, scan, take } from './buyer.ts'

const code = 'YB-0001'

let world: CabinetWorld

beforeAll(async () => {
  world = await startCabinetWorld({ dialect: 'sqlite', cabinetCount: 1 })
})
afterAll(() => world?.[Symbol.asyncDispose]())

describe('the server is killed while a door is open', () => {
  it('settles the session once when it is back, and the buyer pays once', async () => {
    const buyer = await world.signIn('buyer1')
    const before = await balanceOf(buyer)
    using hands = await world.hands(code)
    const session = await scan(buyer, code)
    await openDoor(hands, buyer, session.sessionId)
    await take(hands, 'L02')

    await world.server.kill('SIGKILL')
    await take(hands, 'L06')
    await closeDoor(hands)
    await world.server.start()
    const ended = await waitForSessionEnd({ clock: systemClock, signal: world.signal }, buyer, session.sessionId)

    expect(ended.state).toBe('settled')
    const receipt = await buyer.call(getReceipt, { params: { sessionId: session.sessionId } })
    expect(receipt.lines.map(({ laneId, count }) => [laneId, count])).toEqual([
      ['L02', 1],
      ['L06', 1],
    ])
    expect(await balanceOf(buyer)).toEqual({ balanceFen: before.balanceFen - receipt.totalFen, heldFen: 0 })
  })

  it('has told the truth on disk: killed again, nothing changes', async () => {
    const buyer = await world.signIn('buyer1')
    const before = await balanceOf(buyer)

    await world.server.kill('SIGKILL')
    await world.server.start()

    expect(await balanceOf(buyer)).toEqual(before)
    const finance = await world.signIn('finance')
    expect(await finance.call(checkLedger, {})).toMatchObject({ isSound: true, problems: [] })
  })

  it('sells again afterwards', async () => {
    const buyer = await world.signIn('buyer2')
    // The cabinet finds the server again by itself, a second or so after it is back.
    await expect
      .poll(async () => (await buyer.call(getShelfByCode, { params: { code } })).isOnline, { timeout: 20_000 })
      .toBe(true)
    using hands = await world.hands(code)

    const session = await scan(buyer, code)
    await openDoor(hands, buyer, session.sessionId)
    await take(hands, 'L07')
    await closeDoor(hands)
    await waitForSessionEnd({ clock: systemClock, signal: world.signal }, buyer, session.sessionId)

    expect(await buyer.call(getSession, { params: { sessionId: session.sessionId } })).toMatchObject({
      state: 'settled',
    })
  })
})
