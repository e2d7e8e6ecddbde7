// What a running server does about its command keys: it notices that they were changed, signs with the new one, and tells cabinets.
import { findTwins } from '../cabinets/change-twin.ts'
import type { ServerContext } from '../context.ts'
import { endPrevious } from './change-keys.ts'
import { findBehind, findCommandKeys, findGeneration } from './find-keys.ts'
import { refreshSigner } from './open-signer.ts'

/** Run it every few seconds. */
export async function watchCommandKeys(ctx: ServerContext): Promise<void> {
  const { database, signer, config, logger } = ctx
  const known = signer.keyLists.at(-1)
  const generation = await database.read(findGeneration)
  if (generation === (known?.generation ?? 0) && (known === undefined || known.present === signer.publicKey)) return
  const isPresent = await refreshSigner(signer, database, config.commandKeyFile)
  if (!isPresent) logger.error({ generation }, 'the file of the present command key is not here')
  if (generation === known?.generation) return
  logger.info({ generation }, 'the command keys were changed')
  const twins = await database.read((unit) => findTwins(unit))
  ctx.perform(twins.map(({ cabinetId, twin }) => ({ kind: 'desired', cabinetId, twin })))
}

/** Offline passes and commands that were signed before the change have run out by then, ms. */
const previousForMs = 86_400_000

/** Lets the previous key go a day after the change, once every cabinet obeys the present one. Run it now and then. */
export async function endPreviousKey({ database, signer, clock }: ServerContext): Promise<void> {
  const newest = signer.keyLists.at(-1)
  if (newest?.previous === undefined || newest.present !== signer.publicKey) return
  await database.run(function* (ctx) {
    const { keys, sinceMs } = yield* findCommandKeys(ctx)
    if (keys.previous === undefined || keys.present !== signer.publicKey || clock.now() - sinceMs < previousForMs)
      return
    const behind = yield* findBehind(ctx, keys.present)
    if (behind.length === 0) yield* endPrevious(ctx, signer, { byAccountId: undefined })
  })
}
