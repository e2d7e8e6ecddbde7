// Issues a signed command to a cabinet: the row is the outbox, the effect sends it once the row is committed.
import type { CommandBody, CommandKind } from '#shared/contracts/mqtt/command.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Effect } from '../context.ts'
import { insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'

export interface NewCommand<K extends CommandKind> {
  readonly cabinetId: Id
  readonly kind: K
  readonly body: CommandBody<K>
  /** The cabinet does not execute it later than this from now. */
  readonly validForMs: number
  /** Name of the account, or of the part of the server, that sends it. */
  readonly issuedBy: string
}

export interface IssuedCommand {
  readonly commandId: Id
  readonly expiresAtMs: number
  readonly effect: Effect
}

export function* issueCommand<K extends CommandKind>(
  ctx: UnitContext,
  signer: CommandSigner,
  { cabinetId, kind, body, validForMs, issuedBy }: NewCommand<K>,
): Unit<IssuedCommand> {
  const issuedAtMs = ctx.now()
  const unsigned = { commandId: ctx.newId(), kind, body, issuedAtMs, expiresAtMs: issuedAtMs + validForMs }
  const command = signer.sign(cabinetId, unsigned)
  yield* insertRows(ctx.tables.cabinetCommands, [{ ...command, cabinetId, issuedBy, isEndedByServer: false }])
  const { commandId, expiresAtMs } = command
  return { commandId, expiresAtMs, effect: { kind: 'command', cabinetId, command } }
}
