// How long a payout run takes, from the first household looked at to the last file booked, and what the bank's answer costs: over
// 10⁴, 10⁵ and 10⁶ households with ten ledger entries each. SQLite with synchronous=FULL.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Database } from '#server/db/database.ts'
import { one } from '#server/db/unit.ts'
import { checkLedger } from '#server/ledger/check-ledger.ts'
import { draftNext, openBatch } from '#server/payouts/draft-batch.ts'
import { exportAll } from '#server/payouts/export-batch.ts'
import { FileThread } from '#server/payouts/file-thread.ts'
import { importReturn } from '#server/payouts/import-return.ts'
import { noticeWorkingDays } from '#server/payouts/rules.ts'
import { approveBatch, closeNotice, openNotice, releaseBatch, reviewBatch } from '#server/payouts/sign-batch.ts'
import type { BatchRow } from '#server/payouts/store.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { testKeyRing, testSealer } from '#tests/support/test-sealer.ts'
import type { BenchRow, BenchSize } from '../bench-row.ts'
import { bundleEntry } from '../../../.tools/bundle.mjs'
import { makePayoutBooks } from './payout-books.ts'

const usualSizes = [10_000, 100_000]
const fullSizes = [1_000_000]
/** Rows of one return file; banks answer file by file. */
const rowsPerReturn = 5_000
const maxPayoutSeconds = 5
const maxRunSeconds = 60
const maxMegabytes = 1_024

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const startMs = systemClock.monotonicMs()
  await work()
  return (systemClock.monotonicMs() - startMs) / 1_000
}

/** The most memory the process has held, MB. */
const peakMegabytes = () => process.resourceUsage().maxRSS / 1_024

async function draft(database: Database, clock: TestClock, profileId: string): Promise<BatchRow> {
  const request = { incomeKind: 'OPERATING' as const, minimumFen: 1, profileId, scopePrefix: '', note: '' }
  let batch = await database.run((ctx) => openBatch(ctx, { ...request, cutoffMs: clock.now() }, 'preparer'))
  while (batch.draftCursor !== null) batch = await database.run((ctx) => draftNext(ctx, batch.batchId))
  return batch
}

async function approve(database: Database, clock: TestClock, { batchId }: BatchRow): Promise<void> {
  await database.run((ctx) => reviewBatch(ctx, batchId, 'preparer'))
  const { noticeUntilMs } = await database.run((ctx) => openNotice(ctx, batchId, 'preparer', noticeWorkingDays))
  clock.advance((noticeUntilMs ?? 0) - clock.now())
  await database.run((ctx) => closeNotice(ctx, batchId, 'preparer'))
  await database.run((ctx) => approveBatch(ctx, batchId, 'approver'))
  await database.run((ctx) => releaseBatch(ctx, batchId, 'releaser'))
}

/** As the batch job does it: the thread is started anew for the batch, from the job's own bundle. */
async function exportFiles(
  program: URL,
  path: string,
  database: Database,
  clock: TestClock,
  batch: BatchRow,
): Promise<void> {
  const source = { program, databaseUrl: `sqlite:${path}`, keys: testKeyRing }
  await using thread = new FileThread(source)
  await exportAll({ database, sealer: testSealer, clock, thread }, batch, 'releaser')
}

async function importAll(database: Database, { batchId, batchNo, lineCount }: BatchRow): Promise<void> {
  for (let from = 1; from <= lineCount; from += rowsPerReturn) {
    const count = Math.min(rowsPerReturn, lineCount - from + 1)
    const rows = Array.from({ length: count }, (_, index) => {
      const seq = from + index
      const isRefused = seq % 100 === 0
      return {
        row: index + 2,
        batchNo,
        seq,
        result: isRefused ? ('FAILED' as const) : ('PAID' as const),
        ...(isRefused ? { failCode: 'E01' } : { bankSerialNo: `S${seq}` }),
      }
    })
    await database.run((ctx) => importReturn(ctx, batchId, { sha256: `file ${from}`, rows }, 'finance'))
  }
}

/** Fails loudly when a figure was reached by losing money. */
async function proveBooks(database: Database, batch: BatchRow): Promise<void> {
  const { problems } = await database.read(checkLedger)
  const { state } = (await database.read(({ db, tables: { payoutBatches: b } }) => one(db.select().from(b)))) ?? {}
  if (problems.length > 0 || state !== 'BANK_RETURNED')
    throw new Error(`${batch.batchNo}: ${state} ${problems.join('; ')}`)
}

async function benchRun(program: URL, folder: string, households: number): Promise<BenchRow[]> {
  const clock = new TestClock()
  const path = join(folder, `${households}.db`)
  const database = await makePayoutBooks(path, households, clock)
  let batch: BatchRow | undefined
  const draftSeconds = await seconds(async () => (batch = await draft(database, clock, 'csv')))
  if (batch?.lineCount !== households) throw new Error(`${batch?.lineCount} lines of ${households}`)
  const drafted = batch
  await approve(database, clock, drafted)
  const exportSeconds = await seconds(() => exportFiles(program, path, database, clock, drafted))
  const peak = peakMegabytes()
  const returnSeconds = await seconds(() => importAll(database, drafted))
  if (households <= 100_000) await proveBooks(database, drafted)
  await database.close()
  const limit = households <= 100_000 ? maxPayoutSeconds : maxRunSeconds
  const size = `${households.toLocaleString('en')} households, ${(households * 10).toLocaleString('en')} entries`
  return [
    {
      name: `Payout run, ${size}: draft, files, postings`,
      value: draftSeconds + exportSeconds,
      unit: 's',
      limit,
      limitName: 'goal',
      ratio: { value: (draftSeconds + exportSeconds) / limit, atMost: 1 },
    },
    { name: `… of which the draft`, value: draftSeconds, unit: 's' },
    { name: `… of which ${Math.ceil(households / 5_000)} files with their postings`, value: exportSeconds, unit: 's' },
    {
      name: `… memory at most`,
      value: peak,
      unit: 'MB',
      limit: maxMegabytes,
      limitName: 'goal',
      ratio: { value: peak / maxMegabytes, atMost: 1 },
    },
    { name: `… and the bank’s answer, 1 % refused`, value: returnSeconds, unit: 's' },
  ]
}

export async function benchPayout({ isFull }: BenchSize): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'huinong-bench-payout-'))
  const benchRows: BenchRow[] = []
  const program = pathToFileURL(await bundleEntry('server/batch/main.ts', { isWhole: true }))
  const sizes = isFull ? [...usualSizes, ...fullSizes] : usualSizes
  try {
    for (const households of sizes) benchRows.push(...(await benchRun(program, folder, households)))
  } finally {
    rmSync(folder, { recursive: true })
  }
  return benchRows
}
