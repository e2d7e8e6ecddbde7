// What is left to do for cabinets after the database was put back to an earlier instant.
import { recordAudits } from '../audit/record-audit.ts'
import type { BatchJob } from '../batch/job.ts'
import { renewKeyLists } from '../command-keys/change-keys.ts'
import { findCommandKeys } from '../command-keys/find-keys.ts'
import { nextKeyFileOf, readKeyFile } from '../command-keys/key-files.ts'
import { renewTwins } from './change-twin.ts'

const afterRestore: BatchJob = {
  name: 'after-restore',
  describe: 'After going back in time, before the server starts: gives every twin numbers that no cabinet has seen',
  options: {},
  async run({ database, commandKeyFile }) {
    const present = readKeyFile(commandKeyFile)
    const next = readKeyFile(nextKeyFileOf(commandKeyFile))
    const renewed = await database.run(function* (ctx) {
      const count = yield* renewTwins(ctx, 'after-restore')
      yield* recordAudits(ctx, [
        { accountId: undefined, action: 'cabinets.twins_renewed', subjectId: 'all', detail: { count } },
      ])
      if (present === undefined) return count
      const { keys } = yield* findCommandKeys(ctx)
      const wasNeverChanged = keys.generation === 0 && keys.present === present.publicKey && next === undefined
      if (!wasNeverChanged) yield* renewKeyLists(ctx, present, next)
      return count
    })
    return [`${renewed} twins have new numbers`]
  },
}

export const cabinetJobs: readonly BatchJob[] = [afterRestore]
