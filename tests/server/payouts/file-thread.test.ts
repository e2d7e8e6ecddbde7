// Files that another thread makes ahead of their booking: the batch command itself runs as the thread here.
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { namedAccounts } from '#server/ledger/account-kinds.ts'
import { balanceOf } from '#server/ledger/balances.ts'
import { rows } from '#server/db/unit.ts'
import { exportAll, exportNext, readFile } from '#server/payouts/export-batch.ts'
import { FileThread } from '#server/payouts/file-thread.ts'
import { makeFile, nextFile } from '#server/payouts/make-file.ts'
import type { FileRequest, MadeFile } from '#server/payouts/make-file.ts'
import { releaseBatch } from '#server/payouts/sign-batch.ts'
import type { BatchRow } from '#server/payouts/store.ts'
import { dialects, makeDatabasePlace } from '#tests/support/test-database.ts'
import { linesOf, openPayoutWorld, people } from '#tests/support/payout-world.ts'
import type { PayoutWorld } from '#tests/support/payout-world.ts'
import { testKeyRing, testSealer } from '#tests/support/test-sealer.ts'
import { bundleEntry } from '../../../.tools/bundle.mjs'

let program: URL
beforeAll(async () => {
  program = pathToFileURL(await bundleEntry('server/batch/main.ts', { isWhole: true }))
})

async function release(world: PayoutWorld): Promise<BatchRow> {
  const { batchId } = await world.draft()
  await world.approve(batchId)
  return world.run((ctx) => releaseBatch(ctx, batchId, people.releaser))
}

const filesOf = ({ database }: PayoutWorld) =>
  database.read(({ db, tables: { payoutFiles: f } }) => rows(db.select().from(f).orderBy(f.fileNo)))

/** The file as it would be made now. */
const makeNow = ({ database }: PayoutWorld, batch: BatchRow) =>
  database.read(function* (ctx) {
    return yield* makeFile(ctx, testSealer, yield* nextFile(ctx, batch))
  })

describe.each(dialects)('files made ahead on %s', (dialect) => {
  it('are booked as the thread made them, and read again byte by byte', async () => {
    await using place = await makeDatabasePlace(dialect)
    await using world = await openPayoutWorld(dialect, { households: 6, maxRowsPerFile: 1, url: place.url })
    const { database, clock } = world
    const batch = await release(world)
    await using thread = new FileThread({ program, databaseUrl: place.url, keys: testKeyRing })

    const first = await thread.make(await database.read((ctx) => nextFile(ctx, batch)))
    const here = await makeNow(world, batch)
    const exported = await exportAll({ database, sealer: testSealer, clock, thread }, batch, people.releaser)
    const files = await filesOf(world)

    expect(first).toEqual(here)
    expect(exported.state).toBe('EXPORTED')
    expect(files.map(({ fromSeq, rowCount }) => [fromSeq, rowCount])).toEqual([1, 2, 3, 4, 5, 6].map((seq) => [seq, 1]))
    expect(files[0]?.sha256).toBe(first?.file.sha256)
    for (const { batchId, fileNo, sha256 } of files) {
      const again = await world.run((ctx) => readFile(ctx, testSealer, { batchId, fileNo }, people.releaser))
      expect(again.file.sha256).toBe(sha256)
    }
  })

  it('are made anew when an account was changed since', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await release(world)
    const made = await makeNow(world, batch)
    await world.giveAccount(2, { turn: 1 })

    await world.run((ctx) => exportNext(ctx, testSealer, batch.batchId, people.releaser, made))
    const [file] = await filesOf(world)

    expect([made.file.rowCount, file?.rowCount, file?.totalFen]).toEqual([3, 2, 40_000])
    expect(await linesOf(world, 2)).toMatchObject([{ state: 'withdrawn' }])
    expect(await world.run((ctx) => balanceOf(ctx, namedAccounts.payouts))).toBe(40_000)
  })

  it('are made anew when a refund has taken money of theirs since', async () => {
    await using world = await openPayoutWorld(dialect, { maxRowsPerFile: 1 })
    const { database, clock } = world
    const batch = await release(world)
    const made = new Map<number, MadeFile>()
    const thread = {
      isStarted: true,
      make: async (request: FileRequest) => {
        const file = await database.read((ctx) => makeFile(ctx, testSealer, request))
        if (request.afterSeq === 1) await world.refund(2, 1)
        made.set(request.afterSeq, file)
        return file
      },
    }

    const exported = await exportAll({ database, sealer: testSealer, clock, thread }, batch, people.releaser)
    const files = await filesOf(world)

    expect(made.get(1)?.file).toMatchObject({ fromSeq: 2, rowCount: 1 })
    expect(exported.state).toBe('EXPORTED')
    expect(files.map(({ fromSeq, totalFen }) => [fromSeq, totalFen])).toEqual([
      [1, 10_000],
      [3, 30_000],
    ])
    expect(await linesOf(world, 2)).toMatchObject([{ state: 'withdrawn' }])
    expect(await world.run((ctx) => balanceOf(ctx, namedAccounts.payouts))).toBe(40_000)
  })

  it('keep out what could not be paid when they were made', async () => {
    await using world = await openPayoutWorld(dialect)
    const batch = await release(world)
    await world.refund(2, 1)
    const made = await makeNow(world, batch)

    await world.run((ctx) => exportNext(ctx, testSealer, batch.batchId, people.releaser, made))

    expect(made.withheldSeqs).toEqual([2])
    expect(await filesOf(world)).toEqual([made.file])
    expect(await linesOf(world, 2)).toMatchObject([{ state: 'withdrawn' }])
  })
})

it('asks the thread anew once a file had nothing to pay and took no number', async () => {
  await using world = await openPayoutWorld('sqlite', { households: 8, maxRowsPerFile: 1 })
  const { database, clock } = world
  const batch = await release(world)
  await world.refund(2, 1)
  const asked: Array<[afterSeq: number, fileNo: number]> = []
  const thread = {
    isStarted: true,
    make: async (request: FileRequest) => {
      asked.push([request.afterSeq, request.fileNo])
      return await database.read((ctx) => makeFile(ctx, testSealer, request))
    },
  }

  await exportAll({ database, sealer: testSealer, clock, thread }, batch, people.releaser)
  const files = await filesOf(world)

  expect(asked).toEqual([
    ...[1, 2, 3, 4, 5].map((afterSeq) => [afterSeq, afterSeq + 1]),
    ...[2, 3, 4, 5, 6, 7].map((afterSeq) => [afterSeq, afterSeq]),
  ])
  expect(files.map(({ fileNo, fromSeq }) => [fileNo, fromSeq])).toEqual(
    [1, 3, 4, 5, 6, 7, 8].map((seq, at) => [at + 1, seq]),
  )
})

it('does without a thread that cannot start', async () => {
  await using world = await openPayoutWorld('sqlite', { households: 6, maxRowsPerFile: 1 })
  const { database, clock } = world
  const batch = await release(world)
  const nowhere = new URL('nowhere.mjs', program)
  await using thread = new FileThread({ program: nowhere, databaseUrl: 'sqlite:/nowhere', keys: testKeyRing })

  const exported = await exportAll({ database, sealer: testSealer, clock, thread }, batch, people.releaser)

  expect(exported.state).toBe('EXPORTED')
  expect(await filesOf(world)).toHaveLength(6)
})
