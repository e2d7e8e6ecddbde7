// Changes the key that signs commands without enrolling anybody anew: a next key is made known to the cabinets, takes the present
// one's place when they obey it, and the previous one is let go. Each step is a list signed by the key that cabinets trust for it.
import { commandKeysSigningText, heirOf } from '#shared/contracts/mqtt/command-keys.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'
import { findBehind, findCommandKeys, type NamedKeys } from './find-keys.ts'

export interface KeyStep {
  /** Undefined: the server itself. */
  readonly byAccountId: Id | undefined
  readonly why?: string | undefined
  /** Does not wait for cabinets that have not said that they follow. */
  readonly isForced?: boolean
}

const wrongStep = (why: string) => new RefusalError('command_key.wrong_step', why)

function* requireNoneBehind(ctx: UnitContext, publicKey: string, { isForced = false }: KeyStep): Unit<void> {
  const behind = isForced ? [] : yield* findBehind(ctx, publicKey)
  if (behind.length === 0) return
  const named = `${behind.slice(0, 20).join(', ')}${behind.length > 20 ? ', …' : ''}`
  throw new RefusalError(
    'command_key.cabinets_behind',
    `${behind.length} cabinets do not obey the new key yet: ${named}`,
  )
}

function* addList(
  ctx: UnitContext,
  signer: CommandSigner,
  action: 'prepared' | 'rotated' | 'ended',
  before: NamedKeys,
  after: NamedKeys,
  { byAccountId: accountId, why }: KeyStep,
): Unit<NamedKeys> {
  if (signer.publicKey !== heirOf(before)) throw wrongStep('the key file does not hold the key that signs this list')
  const { generation, present, next, previous } = after
  const list = { generation, present, ...(next && { next }), ...(previous && { previous }) }
  const signature = signer.signText(commandKeysSigningText(list))
  yield* insertRows(ctx.tables.commandKeyLists, [{ ...list, signature, madeAtMs: ctx.now() }])
  yield* recordAudit(ctx, {
    accountId,
    action: `command_key.${action}`,
    subjectId: String(generation),
    why,
    before: { ...before },
    after: { ...list },
  })
  return list
}

/** Makes a next key known. The same key again changes nothing. Refuses with command_key.wrong_step. */
export function* prepareKey(
  ctx: UnitContext,
  present: CommandSigner,
  nextPublicKey: string,
  step: KeyStep,
): Unit<NamedKeys> {
  const { keys } = yield* findCommandKeys(ctx)
  if (keys.next === nextPublicKey) return keys
  if (keys.next !== undefined) throw wrongStep('another key is prepared already')
  if (keys.previous !== undefined) throw wrongStep('the previous key is still obeyed; end it first')
  if (keys.present === nextPublicKey) throw wrongStep('the file holds the key that signs commands already')
  yield* insertRows(ctx.tables.serverKeys, [{ publicKey: nextPublicKey, createdAtMs: ctx.now() }], 'ignore')
  const after = { generation: keys.generation + 1, present: keys.present, next: nextPublicKey }
  return yield* addList(ctx, present, 'prepared', keys, after, step)
}

/**
 * The prepared key signs from now on; the one before is still obeyed, unless it was stolen. Done already, it changes nothing. Refuses
 * with command_key.wrong_step and command_key.cabinets_behind.
 */
export function* rotateToNext(
  ctx: UnitContext,
  next: CommandSigner,
  step: KeyStep & { readonly isStolen?: boolean },
): Unit<NamedKeys> {
  const { keys } = yield* findCommandKeys(ctx)
  if (keys.present === next.publicKey) return keys
  if (keys.next !== next.publicKey) throw wrongStep('this key was not prepared')
  const { isStolen = false } = step
  if (!isStolen) yield* requireNoneBehind(ctx, next.publicKey, step)
  const after = { generation: keys.generation + 1, present: next.publicKey }
  return yield* addList(ctx, next, 'rotated', keys, isStolen ? after : { ...after, previous: keys.present }, step)
}

/** The previous key opens nothing any more. Refuses with command_key.wrong_step and command_key.cabinets_behind. */
export function* endPrevious(ctx: UnitContext, present: CommandSigner, step: KeyStep): Unit<NamedKeys> {
  const { keys } = yield* findCommandKeys(ctx)
  if (keys.previous === undefined) throw wrongStep('there is no previous key')
  yield* requireNoneBehind(ctx, keys.present, step)
  const after = { generation: keys.generation + 1, present: keys.present }
  return yield* addList(ctx, present, 'ended', keys, after, step)
}

/** What a thief has of the present key ends with the next contact of each cabinet, in one go from whatever step was reached. */
export function* replaceStolen(
  ctx: UnitContext,
  present: CommandSigner,
  next: CommandSigner,
  step: KeyStep,
): Unit<NamedKeys> {
  const forced = { ...step, isForced: true, isStolen: true }
  const { keys } = yield* findCommandKeys(ctx)
  const isRotated = keys.present === next.publicKey
  if (keys.previous !== undefined) yield* endPrevious(ctx, isRotated ? next : present, forced)
  if (keys.next === undefined && !isRotated) yield* prepareKey(ctx, present, next.publicKey, forced)
  return yield* rotateToNext(ctx, next, forced)
}

/** More lists than are made between a backup and what it was made for. */
const renewalLeap = 100_000

/**
 * After the database was put back to an earlier instant: cabinets may hold lists that it has forgotten, under the very numbers that are
 * given next. A list past any of them, signed by each key that may be their heir.
 */
export function* renewKeyLists(
  ctx: UnitContext,
  present: CommandSigner,
  next: CommandSigner | undefined,
): Unit<NamedKeys> {
  const { keys } = yield* findCommandKeys(ctx)
  const heirs = next === undefined ? [present] : [present, next]
  const known = heirs.map(({ publicKey }) => ({ publicKey, createdAtMs: ctx.now() }))
  yield* insertRows(ctx.tables.serverKeys, known, 'ignore')
  let named = keys
  for (const [index, heir] of heirs.entries()) {
    named = {
      generation: keys.generation + renewalLeap + index,
      present: present.publicKey,
      ...(next && { next: next.publicKey }),
    }
    const signature = heir.signText(commandKeysSigningText(named))
    yield* insertRows(ctx.tables.commandKeyLists, [{ ...named, signature, madeAtMs: ctx.now() }])
  }
  yield* recordAudit(ctx, {
    accountId: undefined,
    action: 'command_key.renewed',
    subjectId: String(named.generation),
    before: { ...keys },
    after: { ...named },
  })
  return named
}
