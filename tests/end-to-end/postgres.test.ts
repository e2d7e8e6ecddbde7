import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkLedger } from '#shared/contracts/http/money.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { startCabinetWorld, type CabinetWorld } from '#tests/support/cabinet-world.ts'
import { balanceOf, closeDoor, openDoor, receiptOf, scan, take } from './buyer.ts'

let world: CabinetWorld

beforeAll(async () => {
  world = await startCabinetWorld({ dialect: 'postgres', cabinetCount: 1 })
})
afterAll(() => world?.[Symbol.asyncDispose]())

describe('the same installation over PostgreSQL', () => {
  it('restocks, sells and attributes', async () => {
    const buyer = await world.signIn('buyer1')
    const before = await balanceOf(buyer)
    using live = await buyer.openLive(systemClock)
    using hands = await world.hands('YB-0001')

    const session = await scan(buyer, 'YB-0001')
    await openDoor(hands, buyer, session.sessionId)
    await take(hands, 'L01')
    await take(hands, 'L08')
    await closeDoor(hands)
    const receipt = await receiptOf(live, session.sessionId)

    expect(receipt.lines).toHaveLength(2)
    for (const line of receipt.lines) {
      expect(line.parts.reduce((sum, { amountFen }) => sum + amountFen, 0)).toBe(line.amountFen)
    }
    expect(await balanceOf(buyer)).toEqual({ balanceFen: before.balanceFen - receipt.totalFen, heldFen: 0 })
    const finance = await world.signIn('finance')
    expect(await finance.call(checkLedger, {})).toMatchObject({ isSound: true, problems: [] })
  })
})
