// The whole way of an offline pass in real processes: bought while there is a network, used at a cabinet whose cable is cut,
// settled when it is plugged in again.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkLedger } from '#shared/contracts/http/money.ts'
import { issueOfflinePass, listMyOfflinePasses, revokeOfflinePass } from '#shared/contracts/http/offline-passes.ts'
import { getReceipt } from '#shared/contracts/http/sessions.ts'
import { startCabinetWorld, type CabinetWorld } from '#tests/support/cabinet-world.ts'
import { balanceOf, closeDoor, purchaseTimeoutMs, take } from './buyer.ts'

const code = 'YB-0001'
const capFen = 10_000

let world: CabinetWorld

beforeAll(async () => {
  world = await startCabinetWorld({ dialect: 'sqlite', cabinetCount: 1 })
})
afterAll(() => world?.[Symbol.asyncDispose]())

describe('an offline pass', () => {
  it(
    'opens a cut-off cabinet once, and is paid when the cabinet is back',
    async () => {
      const buyer = await world.signIn('buyer1')
      const before = await balanceOf(buyer)
      const body = { cabinetCode: code, capFen, idempotencyKey: 'a pass for lunch' }
      const pass = await buyer.call(issueOfflinePass, { body })
      expect(await balanceOf(buyer)).toEqual({ balanceFen: before.balanceFen - capFen, heldFen: capFen })
      using hands = await world.hands(code)
      await hands.act({ hand: 'set-network', isOn: false }, ({ isNetworkUp }) => !isNetworkUp)

      await hands.act({ hand: 'scan', code: pass.code ?? '' }, ({ isLocked }) => !isLocked)
      await hands.act({ hand: 'open-door' }, ({ door }) => door === 'open')
      await take(hands, 'L02')
      await closeDoor(hands)
      await hands.act({ hand: 'set-network', isOn: true }, ({ isNetworkUp }) => isNetworkUp)

      const uses = async () => (await buyer.call(listMyOfflinePasses, { query: {} })).rows[0]?.uses ?? []
      await expect.poll(async () => (await uses())[0]?.totalFen, { timeout: 30_000 }).toBeGreaterThan(0)
      const [use] = await uses()
      const receipt = await buyer.call(getReceipt, { params: { sessionId: use?.sessionId ?? '' } })
      expect(receipt.lines.map(({ laneId, count }) => [laneId, count])).toEqual([['L02', 1]])
      expect(await balanceOf(buyer)).toEqual({
        balanceFen: before.balanceFen - capFen,
        heldFen: capFen - receipt.totalFen,
      })
      await hands.act(
        { hand: 'scan', code: pass.code ?? '' },
        ({ scannerDisplay }) => scannerDisplay === 'PASS REFUSED pass_used',
      )
      const finance = await world.signIn('finance')
      expect(await finance.call(checkLedger, {})).toMatchObject({ isSound: true, problems: [] })
    },
    purchaseTimeoutMs,
  )

  it(
    'is refused where the news of its revocation arrived',
    async () => {
      const buyer = await world.signIn('buyer2')
      const body = { cabinetCode: code, capFen, idempotencyKey: 'a lost phone' }
      const pass = await buyer.call(issueOfflinePass, { body })
      using hands = await world.hands(code)

      const revoked = await buyer.call(revokeOfflinePass, { params: { passId: pass.passId } })
      await new Promise((resolve) => {
        setTimeout(resolve, 4_000)
      })
      await hands.act(
        { hand: 'scan', code: pass.code ?? '' },
        ({ scannerDisplay }) => scannerDisplay === 'PASS REFUSED pass_revoked',
      )

      expect(revoked).toMatchObject({ state: 'revoked', uses: [] })
      expect(hands.state.isLocked).toBe(true)
    },
    purchaseTimeoutMs,
  )
})
