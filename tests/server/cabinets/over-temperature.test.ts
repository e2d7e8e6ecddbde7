import { describe, expect, it } from 'vitest'
import { resetTemperature } from '#server/cabinets/reset-temperature.ts'
import { cabinetEvents } from '#server/cabinets/events.ts'
import { rows } from '#server/db/unit.ts'
import { openDeps, openMarket, type Market } from '#tests/support/market.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const alarm = 'over_temperature'
/** As the ingest would, for a journal entry of the cabinet. */
const tell = ({ database, cabinetId }: Market, type: 'alarm.raised' | 'alarm.cleared', clock: TestClock) =>
  database.run((ctx) => {
    const atMs = clock.now()
    const entry = { cabinetId, seq: 1, bootId: ctx.newId(), atMs, receivedAtMs: atMs }
    return type === 'alarm.raised'
      ? (cabinetEvents['alarm.raised']?.(ctx, { ...entry, type, body: { alarm, detail: '' } }) ?? never())
      : (cabinetEvents['alarm.cleared']?.(ctx, { ...entry, type, body: { alarm } }) ?? never())
  })
const never = (): never => {
  throw new Error('the registry does not follow alarms')
}
const reset = ({ database, cabinetId }: Market) =>
  database.run((ctx) =>
    resetTemperature(ctx, openDeps.signer, {
      cabinetId,
      note: '已检查',
      inspectedBy: '张工',
      byAccountId: 'operator',
      validForMs: 30_000,
    }),
  )

describe.each(dialects)('an over-temperature lock on %s', (dialect) => {
  it('opens no sale until the cabinet says it was reset', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await tell(market, 'alarm.raised', clock)

    await expect(market.open()).rejects.toMatchObject({ code: 'cabinet.over_temperature' })
    await tell(market, 'alarm.cleared', clock)

    expect(await market.open()).toEqual(expect.any(String))
  })

  it('is reset from afar only while it stands, with the name and the note kept', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    const market = await openMarket(database, clock)
    await expect(reset(market)).rejects.toMatchObject({ code: 'cabinet.not_over_temperature' })

    await tell(market, 'alarm.raised', clock)
    const { effect } = await reset(market)

    expect(effect).toMatchObject({
      kind: 'command',
      command: { kind: 'reset-temperature', body: { inspectedBy: '张工', note: '已检查' } },
    })
    const audit = await database.read((ctx) => rows(ctx.db.select().from(ctx.tables.auditRows)))
    expect(audit.at(-1)).toMatchObject({ action: 'cabinet.temperature_reset', accountId: 'operator', why: '已检查' })
  })
})
