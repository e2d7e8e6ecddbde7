import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { eq } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readServerConfig } from '#server/config/server-config.ts'
import type { Database } from '#server/db/database.ts'
import { exec, rows } from '#server/db/unit.ts'
import { enterHouseholds, enterVillages } from '#server/households/enter-households.ts'
import { phonePurpose, sealPhone } from '#server/households/phone.ts'
import type { KeySource } from '#server/personal-data/key-ring.ts'
import { openSealer } from '#server/personal-data/open-sealer.ts'
import { resealPersonalData } from '#server/personal-data/reseal.ts'
import type { Sealer } from '#server/personal-data/seal.ts'
import { householdCode, villageCode } from '#tests/support/market.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'
import { testFingerprintKey, testKey } from '#tests/support/test-sealer.ts'

const base64 = (fill: number) => Buffer.alloc(32, fill).toString('base64')
const ring = (...dataKeys: ReturnType<typeof testKey>[]): KeySource => ({
  dataKeys,
  fingerprintKey: testFingerprintKey,
})

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'huinong-keys-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('keys from the environment', () => {
  const environment = { HUINONG_DATA_KEYS: `b:${base64(2)},a:${base64(1)}`, HUINONG_FINGERPRINT_KEY: base64(9) }

  it('come newest first', () => {
    const { dataKeys } = readServerConfig(environment)

    expect('dataKeys' in dataKeys && dataKeys.dataKeys.map(({ id }) => id)).toEqual(['b', 'a'])
  })

  it('show nothing when the configuration is logged', () => {
    const config = readServerConfig(environment)

    expect(`${inspect(config, { depth: 9, showHidden: true })}${JSON.stringify(config)}`).not.toContain(
      base64(2).slice(0, 12),
    )
  })

  it.each([
    [{ HUINONG_DATA_KEYS: 'a:c2hvcnQ=', HUINONG_FINGERPRINT_KEY: base64(9) }, /HUINONG_DATA_KEYS/],
    [{ HUINONG_DATA_KEYS: `a:${base64(1)},a:${base64(2)}`, HUINONG_FINGERPRINT_KEY: base64(9) }, /HUINONG_DATA_KEYS/],
    [{ HUINONG_DATA_KEYS: `a:${base64(1)}` }, /set together/],
    [{ HUINONG_DATA_KEYS: `a:${base64(1)}`, HUINONG_FINGERPRINT_KEY: 'c2hvcnQ=' }, /HUINONG_FINGERPRINT_KEY/],
  ])('are refused when %j', (wrong, message) => {
    const read = () => readServerConfig(wrong)

    expect(read).toThrow(message)
    expect(read).not.toThrow(/c2hvcnQ/)
  })
})

async function enterPhones(database: Database, sealer: Sealer, count: number): Promise<void> {
  await database.run(function* (ctx) {
    yield* enterVillages(ctx, [{ villageCode, name: '青龙村', townCode: '500112142', townName: '大盛镇' }])
    yield* enterHouseholds(
      ctx,
      Array.from({ length: count }, (_, index) => {
        const code = householdCode(index + 1)
        const phone = index % 5 === 0 ? undefined : sealPhone(sealer, code, `1390000${String(index).padStart(4, '0')}`)
        return { householdCode: code, headName: '王甲', population: 1, kind: 'EXITED' as const, phone }
      }),
    )
  })
}

const readPhones = (database: Database) =>
  database.read(({ db, tables: { households: h } }) =>
    rows(db.select({ code: h.householdCode, sealed: h.phoneSealed, masked: h.phoneMasked }).from(h)),
  )

describe.each(dialects)('keys of a database on %s', (dialect) => {
  it('are made at the first start, for the server’s user alone, and found again', async () => {
    await using database = await openTestDatabase(dialect)
    const file = join(folder, 'data-keys.txt')

    const first = await openSealer(database, { file })
    const again = await openSealer(database, { file })

    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(again.open(first.seal('text', 'p'), 'p')).toBe('text')
    expect(again.fingerprint('text')).toBe(first.fingerprint('text'))
  })

  it('are missed at start: file gone, other file, key left out, other fingerprint key', async () => {
    await using database = await openTestDatabase(dialect)
    const file = join(folder, 'data-keys.txt')
    await openSealer(database, { file })
    const text = readFileSync(file, 'utf8')

    await expect(openSealer(database, { file: join(folder, 'gone.txt') })).rejects.toThrow(/HUINONG_DATA_KEY_FILE/)
    await expect(openSealer(database, ring(testKey('first', 3)))).rejects.toThrow(/"f/)
    await expect(openSealer(database, ring(testKey('second', 3)))).rejects.toThrow(/missing/)
    writeFileSync(file, text.replace(/fingerprint .*/, `fingerprint ${base64(5)}`))
    await expect(openSealer(database, { file })).rejects.toThrow(/"fingerprint"/)
    writeFileSync(file, 'nothing')
    await expect(openSealer(database, { file })).rejects.toThrow(/no key file/)
  })

  it('are changed row by row, with progress; then the old one may go', async () => {
    await using database = await openTestDatabase(dialect)
    await enterPhones(database, await openSealer(database, ring(testKey('a', 1))), 503)
    const newer = await openSealer(database, ring(testKey('b', 2), testKey('a', 1)))
    const seen: Array<[number, number]> = []

    const result = await resealPersonalData(database, newer, (done, total) => seen.push([done, total]))

    expect(result).toEqual({ resealed: 402, retiredKeys: 1 })
    expect(seen).toEqual([
      [200, 402],
      [400, 402],
      [402, 402],
    ])
    const alone = await openSealer(database, ring(testKey('b', 2)))
    for (const { code, sealed, masked } of await readPhones(database)) {
      if (sealed === null) continue
      const phone = alone.open(sealed, phonePurpose(code))
      expect(masked).toBe(`139****${phone.slice(-4)}`)
    }
    expect(await resealPersonalData(database, alone)).toEqual({ resealed: 0, retiredKeys: 0 })
  })

  it('are changed to the end when the work was interrupted', async () => {
    await using database = await openTestDatabase(dialect)
    await enterPhones(database, await openSealer(database, ring(testKey('a', 1))), 503)
    const newer = await openSealer(database, ring(testKey('b', 2), testKey('a', 1)))
    const stop = () => {
      throw new Error('interrupted')
    }

    await expect(resealPersonalData(database, newer, stop)).rejects.toThrow('interrupted')
    const halfWay = (await readPhones(database)).filter(({ sealed }) => sealed?.startsWith('b.') === true).length
    await expect(openSealer(database, ring(testKey('b', 2)))).rejects.toThrow(/missing/)
    const result = await resealPersonalData(database, newer)

    expect(halfWay).toBe(200)
    expect(result).toEqual({ resealed: 202, retiredKeys: 1 })
  })

  it('are missed at start when a server that did not know the new one went on with the old', async () => {
    await using database = await openTestDatabase(dialect)
    const old = await openSealer(database, ring(testKey('a', 1)))
    await enterPhones(database, old, 3)
    await resealPersonalData(database, await openSealer(database, ring(testKey('b', 2), testKey('a', 1))))
    const late = sealPhone(old, householdCode(2), '13900009999')

    await openSealer(database, ring(testKey('b', 2)))
    await database.run(({ db, tables: { households: h } }) =>
      exec(
        db
          .update(h)
          .set({ phoneSealed: late.sealed })
          .where(eq(h.householdCode, householdCode(2))),
      ),
    )

    await expect(openSealer(database, ring(testKey('b', 2)))).rejects.toThrow(/"a"/)
    const both = await openSealer(database, ring(testKey('b', 2), testKey('a', 1)))
    expect(await resealPersonalData(database, both)).toMatchObject({ resealed: 1 })
    await openSealer(database, ring(testKey('b', 2)))
  })

  it('may come back after they were retired, but not as another key of the same name', async () => {
    await using database = await openTestDatabase(dialect)
    await openSealer(database, ring(testKey('a', 1)))
    await resealPersonalData(database, await openSealer(database, ring(testKey('b', 2), testKey('a', 1))))

    await expect(openSealer(database, ring(testKey('a', 3), testKey('b', 2)))).rejects.toThrow(/"a"/)
    const sealer = await openSealer(database, ring(testKey('a', 1), testKey('b', 2)))

    expect(sealer.newestKeyId).toBe('a')
    await expect(openSealer(database, ring(testKey('b', 2)))).rejects.toThrow(/"a"/)
  })
})
