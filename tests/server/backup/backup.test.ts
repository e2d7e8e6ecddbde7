// Backups of the SQLite database: taken under load, proven, put back, and refused when they are not sound.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { createBackup } from '#server/backup/create-backup.ts'
import { hashFile } from '#server/durable-file.ts'
import { restoreBackup } from '#server/backup/restore-backup.ts'
import { verifyBackup } from '#server/backup/verify-backup.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { accountIdOf, namedAccounts } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { forgeRows } from '#tests/support/forge-rows.ts'
import { makeScratchFolder } from '#tests/support/scratch-folder.ts'
import { bundleEntry } from '../../../.tools/bundle.mjs'

const tools = { clock: systemClock, random: systemRandom }
const wallet = accountIdOf('wallet', 'buyer')

async function openBooks(folder = makeScratchFolder('huinong-backup-')) {
  const path = `${folder}/books.db`
  const database = await openDatabase({ url: `sqlite:${path}`, ...tools })
  const topUp = (id: number) =>
    database.run((ctx) =>
      postTransfers(ctx, [
        {
          debit: namedAccounts.mainBank,
          credit: wallet,
          amountFen: 100,
          cause: { kind: 'top-up', id: `t${id}` },
          leg: 'credit',
        },
      ]),
    )
  await topUp(0)
  return { folder, path, database, topUp, copy: `${folder}/copy.db`, [Symbol.asyncDispose]: () => database.close() }
}

/** What the wallet holds in a database file that nobody has open. */
async function walletIn(path: string): Promise<number> {
  await using database = await openDatabase({ url: `sqlite:${path}`, ...tools })
  return database.read((ctx) => balanceOf(ctx, wallet))
}

/** Makes the manifest say what the file now is, as somebody would who wants a changed backup to pass. */
async function forgeManifest(copy: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(`${copy}.json`, 'utf8')) as object
  writeFileSync(`${copy}.json`, JSON.stringify({ ...manifest, ...(await hashFile(copy)) }))
}

const modeOf = (path: string) => statSync(path).mode & 0o777

describe('a backup', () => {
  it('holds one instant of a database that others write all the while', async () => {
    await using books = await openBooks()
    let isDone = false
    let posted = 1
    const busy = (async () => {
      for (; !isDone; posted += 1) await books.topUp(posted)
    })()
    while (posted < 50) await new Promise(setImmediate)
    const postedBefore = posted

    await createBackup(books.path, books.copy, tools)
    isDone = true
    await busy

    const { checkedTransfers } = await verifyBackup(books.copy, tools)
    expect(checkedTransfers).toBeGreaterThanOrEqual(postedBefore)
    expect(checkedTransfers).toBeLessThanOrEqual(posted)
  })

  it('leaves nothing beside itself and its manifest', async () => {
    await using books = await openBooks()

    await createBackup(books.path, books.copy, tools)
    await verifyBackup(books.copy, tools)

    expect(readdirSync(books.folder).filter((name) => !name.startsWith('books.db'))).toEqual([
      'copy.db',
      'copy.db.json',
    ])
  })

  it('never replaces another', async () => {
    await using books = await openBooks()
    await createBackup(books.path, books.copy, tools)
    const before = readFileSync(books.copy)

    await expect(createBackup(books.path, books.copy, tools)).rejects.toThrow(/exists already/)

    expect(readFileSync(books.copy).equals(before)).toBe(true)
  })

  it('is not made of a file that is no database of this program', async () => {
    const folder = makeScratchFolder('huinong-backup-')
    writeFileSync(`${folder}/notes.txt`, 'no database')

    await expect(createBackup(`${folder}/notes.txt`, `${folder}/copy.db`, tools)).rejects.toThrow(/not a database/)

    expect(existsSync(`${folder}/copy.db`)).toBe(false)
  })
})

describe('verifying a backup', () => {
  it.each([
    ['cut short', (copy: string) => truncateSync(copy, 8_192), /has 8192 bytes/],
    [
      'changed by one byte',
      (copy: string) => {
        const bytes = readFileSync(copy)
        bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
        writeFileSync(copy, bytes)
      },
      /SHA-256 differs/,
    ],
    ['without its manifest', (copy: string) => rmSync(`${copy}.json`), /There is no .*copy\.db\.json/],
    ['with a broken manifest', (copy: string) => writeFileSync(`${copy}.json`, '{"format":'), /is damaged/],
  ])('finds one that is %s', async (_, spoil, message) => {
    await using books = await openBooks()
    await createBackup(books.path, books.copy, tools)
    spoil(books.copy)

    await expect(verifyBackup(books.copy, tools)).rejects.toThrow(message)
  })

  it('finds books one fen off although the hash was forged to fit', async () => {
    await using books = await openBooks()
    await createBackup(books.path, books.copy, tools)
    await forgeRows(`sqlite:${books.copy}`, 'ledger_account', [
      `UPDATE ledger_account SET balance_fen = balance_fen + 1 WHERE id = '${wallet}'`,
    ])
    await forgeManifest(books.copy)

    await expect(verifyBackup(books.copy, tools)).rejects.toThrow(/do not balance: .*wallet:buyer/)
  })
})

describe('restoring a backup', () => {
  it('leaves database, log, backup and what is restored to the server’s user alone', async () => {
    await using books = await openBooks()
    await books.topUp(1)
    const live = [books.path, `${books.path}-wal`].map(modeOf)
    await createBackup(books.path, books.copy, tools)
    const made = modeOf(books.copy)
    chmodSync(books.copy, 0o644)
    await books.database.close()

    await restoreBackup(books.copy, books.path, { ...tools, mayReplace: true })

    expect([...live, made, modeOf(books.path)]).toEqual([0o600, 0o600, 0o600, 0o600])
  })

  it('brings the books back as they were and keeps what was in the way', async () => {
    await using books = await openBooks()
    await createBackup(books.path, books.copy, tools)
    await books.topUp(1)
    await books.database.close()

    const { movedAsideTo } = await restoreBackup(books.copy, books.path, { ...tools, mayReplace: true })

    expect(await walletIn(books.path)).toBe(100)
    expect(await walletIn(movedAsideTo ?? '')).toBe(200)
  })

  it('replaces a database that is damaged', async () => {
    await using books = await openBooks()
    await createBackup(books.path, books.copy, tools)
    await books.database.close()
    writeFileSync(books.path, 'ruined')

    await restoreBackup(books.copy, books.path, { ...tools, mayReplace: true })

    expect(await walletIn(books.path)).toBe(100)
  })

  it('refuses while a server has the database open', async () => {
    await using books = await openBooks()
    await createBackup(books.path, books.copy, tools)
    await books.topUp(1)

    await expect(restoreBackup(books.copy, books.path, { ...tools, mayReplace: true })).rejects.toThrow(/in use/)

    expect(await books.database.read((ctx) => balanceOf(ctx, wallet))).toBe(200)
  })

  it('refuses to replace a database unasked', async () => {
    await using books = await openBooks()
    await createBackup(books.path, books.copy, tools)
    await books.database.close()

    await expect(restoreBackup(books.copy, books.path, { ...tools, mayReplace: false })).rejects.toThrow(/--replace/)
  })

  it('changes nothing when the backup is not sound', async () => {
    await using books = await openBooks()
    await createBackup(books.path, books.copy, tools)
    await books.database.close()
    truncateSync(books.copy, 4_096)
    const before = await hashFile(books.path)

    await expect(restoreBackup(books.copy, books.path, { ...tools, mayReplace: true })).rejects.toThrow(/4096 bytes/)

    expect(await hashFile(books.path)).toEqual(before)
  })

  it.each([
    ['no database any more', 'ruined '.repeat(10_000)],
    ['empty', ''],
  ])('keeps the log of a database that is %s, by which what it held last is found again', async (_, ruins) => {
    await using earlier = await openBooks()
    await createBackup(earlier.path, earlier.copy, tools)
    await earlier.database.close()
    // Of the pages the log holds only those of the last sale.
    await using books = await openBooks(earlier.folder)
    await books.topUp(1)
    const [file, log] = [readFileSync(books.path), readFileSync(`${books.path}-wal`)]
    await books.database.close()
    writeFileSync(books.path, ruins)
    writeFileSync(`${books.path}-wal`, log)

    const { movedAsideTo = '' } = await restoreBackup(books.copy, books.path, { ...tools, mayReplace: true })

    expect(await walletIn(books.path)).toBe(100)
    expect(readFileSync(`${movedAsideTo}-wal`).equals(log)).toBe(true)
    writeFileSync(movedAsideTo, file)
    expect(await walletIn(movedAsideTo)).toBe(200)
  })

  it('moves the log aside that a crash left beside a lost database', async () => {
    await using books = await openBooks()
    await createBackup(books.path, books.copy, tools)
    await books.topUp(1)
    const orphan = readFileSync(`${books.path}-wal`)
    await books.database.close()
    rmSync(books.path)
    writeFileSync(`${books.path}-wal`, orphan)

    const { movedAsideTo = '' } = await restoreBackup(books.copy, books.path, { ...tools, mayReplace: false })

    expect(await walletIn(books.path)).toBe(100)
    expect(readFileSync(movedAsideTo).equals(orphan)).toBe(true)
  })
})

describe('the backup command', () => {
  let entry: string
  beforeAll(async () => {
    entry = await bundleEntry('server/backup/main.ts')
  })
  const run = (args: readonly string[], databaseUrl: string) => {
    const env = { ...process.env, HUINONG_DATABASE_URL: databaseUrl }
    const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], { env, encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  it('makes, verifies and restores', async () => {
    await using books = await openBooks()
    const url = `sqlite:${books.path}`

    const made = run(['create', books.copy], url)
    const verified = run(['verify', books.copy], url)
    await books.database.close()
    const restored = run(['restore', books.copy, '--replace'], url)

    expect([made.status, verified.status, restored.status]).toEqual([0, 0, 0])
    expect(made.stdout).toMatch(/copy\.db: \d+ bytes, SHA-256 [0-9a-f]{64}\n/)
    expect(verified.stdout).toContain('is sound')
    expect(restored.stdout).toContain('1 transfers proven; what was there is now')
  })

  it.each([
    [[], 2, /Create, verify or restore\?/],
    [['destroy', 'x'], 2, /There is no destroy/],
    [['create'], 2, /create wants one FILE/],
    [['create', 'x', '--fast'], 2, /--fast/],
    [['create', 'x'], 1, /^There is no database .*nowhere\.db\.\n$/],
  ])('explains itself: %j', (args, status, message) => {
    const done = run(args, 'sqlite:/tmp/nowhere.db')

    expect(done.status).toBe(status)
    expect(done.stderr).toMatch(message)
  })

  it('sends PostgreSQL to its own tools', () => {
    const done = run(['create', 'x'], 'postgres://u:p@localhost/x')

    expect(done).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('pg_dump') as string })
  })
})
