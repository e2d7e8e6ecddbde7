// Batch jobs of payouts. Each goes on where an earlier run of it was ended; who did it is named, since each step has its person.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import * as contract from '#shared/contracts/http/payouts.ts'
import type { Role } from '#shared/contracts/http/route.ts'
import { formatYuan, parseYuan } from '#shared/units/fen.ts'
import { readInputFile, requirePerson } from '../batch/input-file.ts'
import type { BatchArguments, BatchContext, BatchJob } from '../batch/job.ts'
import { one } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { fileNameOf } from './bank-file.ts'
import { draftNext, openBatch } from './draft-batch.ts'
import { exportAll, readFile } from './export-batch.ts'
import { FileThread } from './file-thread.ts'
import { importReturn } from './import-return.ts'
import { readReturn } from './read-return-file.ts'
import { payoutKinds } from './rules.ts'
import type { BatchRow } from './store.ts'

const asOption = { value: 'LOGIN', describe: 'Whose step this is', isRequired: true }
const batchOption = { value: 'NUMBER', describe: 'The batch, such as O-20260301-001', isRequired: true }

const textOf = (args: BatchArguments, name: string): string => {
  const value = args[name]
  return typeof value === 'string' ? value : ''
}

/** Whose step it is, who may take it over HTTP too. */
function requireWhose(
  { database }: BatchContext,
  args: BatchArguments,
  route: { readonly access: readonly Role[] },
): Promise<string> {
  return database.read((unit) => requirePerson(unit, textOf(args, 'as'), route))
}

async function requireBatchNo({ database }: BatchContext, batchNo: string): Promise<BatchRow> {
  const batch = await database.read(({ db, tables: { payoutBatches: b } }) =>
    one(db.select().from(b).where(eq(b.batchNo, batchNo))),
  )
  if (batch === undefined) throw new RefusalError('payout.unknown', `there is no payout ${batchNo}`)
  return batch
}

const describe = ({ batchNo, state, lineCount, totalFen, skippedCount, skippedFen }: BatchRow): string =>
  `${batchNo} is ${state}: ${lineCount} lines of ${formatYuan(totalFen)} yuan; ${skippedCount} households with ` +
  `${formatYuan(skippedFen)} yuan are not in it.`

const draftJob: BatchJob = {
  name: 'payout-draft',
  describe: 'Drafts a payout of what households have earned of one kind; posts nothing',
  options: {
    as: asOption,
    kind: { value: 'KIND', describe: payoutKinds.join(', '), isRequired: true },
    profile: { value: 'ID', describe: 'The bank profile', isRequired: true },
    minimum: { value: 'YUAN', describe: 'Smaller sums are carried over; 0.01 by default' },
    scope: { value: 'DIGITS', describe: 'Only household codes that begin so' },
    batch: { value: 'NUMBER', describe: 'Goes on with this draft instead' },
  },
  async run(ctx, args, progress) {
    const { database, clock } = ctx
    const incomeKind = payoutKinds.find((kind) => kind === textOf(args, 'kind'))
    if (incomeKind === undefined)
      throw new RefusalError('request.invalid', `--kind is one of ${payoutKinds.join(', ')}`)
    const minimumFen = parseYuan(textOf(args, 'minimum') || '0.01')
    if (minimumFen === undefined || minimumFen < 1) throw new RefusalError('request.invalid', '--minimum is no amount')
    const preparedBy = await requireWhose(ctx, args, contract.draftPayout)
    const request = { incomeKind, minimumFen, profileId: textOf(args, 'profile'), scopePrefix: textOf(args, 'scope') }
    let batch =
      args['batch'] === undefined
        ? await database.run((unit) => openBatch(unit, { ...request, cutoffMs: clock.now(), note: '' }, preparedBy))
        : await requireBatchNo(ctx, textOf(args, 'batch'))
    while (batch.draftCursor !== null) {
      batch = await database.run((unit) => draftNext(unit, batch.batchId))
      progress(batch.householdCount, batch.householdTotal)
    }
    return [describe(batch)]
  },
}

const exportJob: BatchJob = {
  name: 'payout-export',
  describe: 'Makes and books the files of a released payout, and writes them to a folder',
  options: {
    as: asOption,
    batch: batchOption,
    folder: { value: 'FOLDER', describe: 'Where the files go; they hold account numbers', isRequired: true },
  },
  async run(ctx, args, progress) {
    const { database, sealer, clock, threads } = ctx
    const byAccountId = await requireWhose(ctx, args, contract.exportPayout)
    await using thread = threads === undefined ? undefined : new FileThread(threads)
    const released = await requireBatchNo(ctx, textOf(args, 'batch'))
    const batch = await exportAll({ database, sealer, clock, thread }, released, byAccountId, (next) =>
      progress(next.exportedSeq, next.lineCount),
    )
    const written: string[] = []
    for (let fileNo = 1; ; fileNo += 1) {
      const content = await database
        .run((unit) => readFile(unit, sealer, { batchId: batch.batchId, fileNo }, byAccountId))
        .catch((error: unknown) => {
          if (error instanceof RefusalError && error.code === 'payout.file_unknown') return undefined
          throw error
        })
      if (content === undefined) break
      const path = join(textOf(args, 'folder'), fileNameOf(content.profile, batch.batchNo, fileNo))
      await writeFile(path, content.bytes, { mode: 0o600 })
      const { rowCount, totalFen, sha256 } = content.file
      written.push(`${path}: ${rowCount} rows, ${formatYuan(totalFen)} yuan, SHA-256 ${sha256}`)
    }
    return [describe(batch), ...written]
  },
}

const returnJob: BatchJob = {
  name: 'payout-return',
  describe: 'Takes over what the bank answered (CSV, XLSX, pain.002), whole or not at all',
  options: { as: asOption, batch: batchOption, file: { value: 'FILE', describe: 'As it came', isRequired: true } },
  async run(ctx, args, progress) {
    const byAccountId = await requireWhose(ctx, args, contract.importPayoutReturn)
    const { batchId } = await requireBatchNo(ctx, textOf(args, 'batch'))
    const { bytes } = await readInputFile(textOf(args, 'file'), contract.importPayoutReturn.upload.maxBytes)
    const file = await readReturn(ctx, batchId, bytes)
    progress(0, file.rows.length)
    const summary = await ctx.database.run((unit) => importReturn(unit, batchId, file, byAccountId))
    progress(file.rows.length, file.rows.length)
    const { paidCount, failedCount, unknownCount, returnedCount, repeatedCount } = summary
    return [
      `${summary.rowCount} rows: ${paidCount} paid, ${failedCount} refused, ${unknownCount} not known, ` +
        `${returnedCount} came back, ${repeatedCount} known before.`,
    ]
  },
}

export const payoutJobs: readonly BatchJob[] = [draftJob, exportJob, returnJob]
