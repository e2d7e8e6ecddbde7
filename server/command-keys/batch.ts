// Batch jobs of the key that signs commands. The server runs on beside them and follows within seconds.
import type { Role } from '#shared/contracts/http/route.ts'
import { countOf } from '#shared/words/count-of.ts'
import { requirePerson } from '../batch/input-file.ts'
import type { BatchArguments, BatchContext, BatchJob } from '../batch/job.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'
import { endPrevious, prepareKey, replaceStolen, rotateToNext } from './change-keys.ts'
import { findBehind, findCommandKeys, type NamedKeys } from './find-keys.ts'
import { makeKeyFile, nextKeyFileOf, promoteKeyFile, readKeyFile } from './key-files.ts'

const access: readonly Role[] = ['admin']
const textOf = (args: BatchArguments, name: string) => (typeof args[name] === 'string' ? args[name] : '')

const options = {
  as: { value: 'LOGIN', describe: 'Login of the administrator who does it', isRequired: true },
  why: { value: 'TEXT', describe: 'The reason, for the trail' },
  'key-file': { value: 'FILE', describe: 'Of the next key; beside the present one by default' },
  'without-waiting': { describe: 'Also while cabinets have not said that they follow' },
}

const describeKeys = ({ generation, present, next, previous }: NamedKeys): string[] => [
  `List ${generation}; the present key is ${present}.`,
  ...(next === undefined ? [] : [`${next} is prepared to be the next.`]),
  ...(previous === undefined ? [] : [`${previous} is still obeyed.`]),
]

async function stepOf({ database }: BatchContext, args: BatchArguments) {
  const byAccountId = await database.read((unit) => requirePerson(unit, textOf(args, 'as'), { access }))
  const why = textOf(args, 'why')
  return { byAccountId, isForced: args['without-waiting'] === true, ...(why === '' ? {} : { why }) }
}

async function requireKey(path: string): Promise<CommandSigner> {
  const key = readKeyFile(path)
  if (key === undefined) throw new RefusalError('command_key.wrong_step', `there is no key in ${path}`)
  return key
}

const nextFileOf = ({ commandKeyFile }: BatchContext, args: BatchArguments) =>
  textOf(args, 'key-file') || nextKeyFileOf(commandKeyFile)

const showJob: BatchJob = {
  name: 'command-keys',
  describe: 'Shows the keys that sign commands and who does not obey the newest yet',
  options: {},
  run: ({ database }) =>
    database.read(function* (ctx) {
      const { keys } = yield* findCommandKeys(ctx)
      // Before the first list nobody is asked to say anything.
      const behind = keys.generation === 0 ? [] : yield* findBehind(ctx, keys.next ?? keys.present)
      const waiting =
        behind.length === 0
          ? []
          : [`Not obeying the newest yet: ${countOf(behind.length, 'cabinet')}: ${behind.join(', ')}`]
      return [...describeKeys(keys), ...waiting]
    }),
}

const prepareJob: BatchJob = {
  name: 'command-key-prepare',
  describe: 'Makes the key that is to sign commands next, and makes it known to the cabinets',
  options: { as: options.as, why: options.why, 'key-file': options['key-file'] },
  async run(ctx, args) {
    const step = await stepOf(ctx, args)
    const present = await requireKey(ctx.commandKeyFile)
    const path = nextFileOf(ctx, args)
    // There is one when an earlier run was ended in between.
    const next = readKeyFile(path) ?? (await makeKeyFile(path))
    const keys = await ctx.database.run((unit) => prepareKey(unit, present, next.publicKey, step))
    return [...describeKeys(keys), `Its file is ${path}.`]
  },
}

const rotateJob: BatchJob = {
  name: 'command-key-rotate',
  describe: 'Has the prepared key sign commands from now on; the one before is still obeyed',
  options: {
    ...options,
    stolen: { describe: 'The present key is in other hands: ends it at once, and prepares a next one if none is' },
  },
  async run(ctx, args) {
    const step = await stepOf(ctx, args)
    const path = nextFileOf(ctx, args)
    const isStolen = args['stolen'] === true
    const present = await requireKey(ctx.commandKeyFile)
    const { keys: before } = await ctx.database.read(findCommandKeys)
    const isMade = isStolen && before.next === undefined
    const next = readKeyFile(path) ?? (isMade ? await makeKeyFile(path) : await requireKey(path))
    const keys = await ctx.database.run((unit) =>
      isStolen ? replaceStolen(unit, present, next, step) : rotateToNext(unit, next, step),
    )
    await promoteKeyFile(path, ctx.commandKeyFile)
    return [...describeKeys(keys), `Its file is ${ctx.commandKeyFile} now.`]
  },
}

const endJob: BatchJob = {
  name: 'command-key-end',
  describe: 'Has cabinets obey the previous key no more, before the server does so by itself a day after the change',
  options: { as: options.as, why: options.why, 'without-waiting': options['without-waiting'] },
  async run(ctx, args) {
    const step = await stepOf(ctx, args)
    const present = await requireKey(ctx.commandKeyFile)
    return describeKeys(await ctx.database.run((unit) => endPrevious(unit, present, step)))
  },
}

export const commandKeyJobs: readonly BatchJob[] = [showJob, prepareJob, rotateJob, endJob]
