import { copyFileSync, rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { getCabinet } from '#shared/contracts/http/cabinets.ts'
import { getShelfByCode } from '#shared/contracts/http/shelf.ts'
import { checkLedger } from '#shared/contracts/http/money.ts'
import { getReceipt, getSession, listSessionFindings } from '#shared/contracts/http/sessions.ts'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { createBackup } from '#server/backup/create-backup.ts'
import { renewTwins } from '#server/cabinets/change-twin.ts'
import { openDatabase } from '#server/db/open-database.ts'
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

  it(
    'hears again what it has forgotten, after it was put back to an earlier instant',
    { timeout: 150_000 },
    async () => {
      const operator = await world.signIn('operator')
      const buyer = await world.signIn('buyer1')
      const file = world.databaseUrl.slice('sqlite:'.length)
      const backup = `${file}.backup`
      await createBackup(file, backup, { clock: systemClock })
      const { cabinetId } = await buyer.call(getShelfByCode, { params: { code } })
      const committedSeq = async () => (await operator.call(getCabinet, { params: { cabinetId } })).committedSeq
      using hands = await world.hands(code)
      const lost = await scan(buyer, code)
      await openDoor(hands, buyer, lost.sessionId)
      await take(hands, 'L07')
      await closeDoor(hands)
      await waitForSessionEnd({ clock: systemClock, signal: world.signal }, buyer, lost.sessionId)
      const toldSeq = await committedSeq()

      await world.server.kill('SIGKILL')
      for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true })
      copyFileSync(backup, file)
      const database = await openDatabase({ url: world.databaseUrl, clock: systemClock, random: systemRandom })
      await database.run((ctx) => renewTwins(ctx, 'after-restore'))
      await database.close()
      await world.server.start()

      await expect.poll(committedSeq, { timeout: 60_000 }).toBeGreaterThanOrEqual(toldSeq)
      // Who bought is forgotten with the session; what the cabinet told of it is there for a person to look at.
      const { rows } = await operator.call(listSessionFindings, { query: { sessionId: lost.sessionId } })
      expect(rows.map(({ finding }) => finding)).toContain('unknown_session')
      const finance = await world.signIn('finance')
      expect(await finance.call(checkLedger, {})).toMatchObject({ isSound: true, problems: [] })
      const isReady = async () => {
        const { desired, reported } = await operator.call(getCabinet, { params: { cabinetId } })
        return reported?.desiredVersion === desired?.version
      }
      await expect.poll(isReady, { timeout: 60_000 }).toBe(true)
      const session = await scan(buyer, code)
      await openDoor(hands, buyer, session.sessionId)
      await closeDoor(hands)
      const ended = await waitForSessionEnd({ clock: systemClock, signal: world.signal }, buyer, session.sessionId)
      expect(ended.state).toBe('settled')
    },
  )
})
