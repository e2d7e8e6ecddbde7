// `npm run batch -- import-members …` and `import-holdings …`: the registers of an organisation from files, by the same rules
// as over HTTP.
import * as contract from '#shared/contracts/http/organisations.ts'
import { Id } from '#shared/ids/uuid-v7.ts'
import { districtDateStartMs } from '#shared/time/district-time.ts'
import { readInputFile, requirePerson } from '../batch/input-file.ts'
import type { BatchArguments, BatchJob } from '../batch/job.ts'
import { InvalidRequestError } from '../http/problem.ts'
import { dateCell } from '../tabular/cells.ts'
import { importHoldings, importMembers } from './import-registers.ts'
import { maxRegisterFileBytes, readHoldingFile, readMemberFile } from './read-registers.ts'

const textOf = (args: BatchArguments, name: string) => (typeof args[name] === 'string' ? args[name] : '')

const options: BatchJob['options'] = {
  file: { value: 'FILE', describe: 'path of the CSV or XLSX file', isRequired: true },
  organisation: { value: 'ID', describe: 'id of the organisation', isRequired: true },
  from: { value: 'DATE', describe: 'day it began, as 2026-11-27', isRequired: true },
  by: { value: 'LOGIN', describe: 'login of who imports it', isRequired: true },
}

function readArguments(args: BatchArguments) {
  const organisationId = Id.safeParse(args['organisation'])
  if (!organisationId.success) throw new InvalidRequestError([{ field: 'organisation', message: 'is no id' }])
  const day = dateCell.safeParse(textOf(args, 'from'))
  if (!day.success) throw new InvalidRequestError([{ field: 'from', message: 'is no date such as 2026-11-27' }])
  return { organisationId: organisationId.data, fromMs: districtDateStartMs(day.data), login: textOf(args, 'by') }
}

export const organisationJobs: readonly BatchJob[] = [
  {
    name: 'import-members',
    describe: 'Enters the households of a file into the member register of an organisation, all rows or none.',
    options,
    async run({ database }, args, progress) {
      const { login, ...what } = readArguments(args)
      const { bytes, sha256 } = await readInputFile(textOf(args, 'file'), maxRegisterFileBytes)
      progress(0, 2)
      const rows = await readMemberFile(bytes)
      progress(1, 2)
      const admitted = await database.run(function* (ctx) {
        const byAccountId = yield* requirePerson(ctx, login, contract.importMembers)
        return yield* importMembers(ctx, { ...what, rows, sha256, byAccountId })
      })
      progress(2, 2)
      return [`${admitted} households are members now.`]
    },
  },
  {
    name: 'import-holdings',
    describe: 'Sets the holdings of a file in the share register of an organisation, all rows or none.',
    options,
    async run({ database }, args, progress) {
      const { login, ...what } = readArguments(args)
      const { bytes, sha256 } = await readInputFile(textOf(args, 'file'), maxRegisterFileBytes)
      progress(0, 2)
      const rows = await readHoldingFile(bytes)
      progress(1, 2)
      const { begun, ended, unchanged } = await database.run(function* (ctx) {
        const byAccountId = yield* requirePerson(ctx, login, contract.importHoldings)
        return yield* importHoldings(ctx, { ...what, rows, sha256, byAccountId })
      })
      progress(2, 2)
      return [`${begun} holdings began, ${ended} ended, ${unchanged} stay as they were.`]
    },
  },
]
