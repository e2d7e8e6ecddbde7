// What is left to do after the database was put back to an earlier instant: cabinets have heard of a later one, and so have people.
import { countOf } from '#shared/words/count-of.ts'
import { recordAudits } from '../audit/record-audit.ts'
import type { BatchJob } from '../batch/job.ts'
import { renewKeyLists } from '../command-keys/change-keys.ts'
import { findCommandKeys } from '../command-keys/find-keys.ts'
import { nextKeyFileOf, readKeyFile } from '../command-keys/key-files.ts'
import { endAllSignIns } from '../identity/sign-in.ts'
import { renewTwins } from './change-twin.ts'

const afterRestore: BatchJob = {
  name: 'after-restore',
  describe:
    'After going back in time, before the server starts: gives every twin numbers that no cabinet has seen, and ends all sign-ins',
  options: {},
  async run({ database, commandKeyFile }) {
    const present = readKeyFile(commandKeyFile)
    const next = readKeyFile(nextKeyFileOf(commandKeyFile))
    const done = await database.run(function* (ctx) {
      const count = yield* renewTwins(ctx, 'after-restore')
      const ended = yield* endAllSignIns(ctx)
      yield* recordAudits(ctx, [
        { accountId: undefined, action: 'cabinets.twins_renewed', subjectId: 'all', detail: { count } },
        { accountId: undefined, action: 'identity.sessions_ended', subjectId: 'all', detail: { ended } },
      ])
      const told = { count, ended }
      if (present === undefined) return told
      const { keys } = yield* findCommandKeys(ctx)
      const wasNeverChanged = keys.generation === 0 && keys.present === present.publicKey && next === undefined
      if (!wasNeverChanged) yield* renewKeyLists(ctx, present, next)
      return told
    })
    return [`New numbers: ${countOf(done.count, 'twin')}`, `Ended: ${countOf(done.ended, 'sign-in')}`]
  },
}

export const cabinetJobs: readonly BatchJob[] = [afterRestore]
