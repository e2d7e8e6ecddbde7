// Puts a signed command into the outbox (the table of commands) as part of a unit of work. Sending it is an effect after the
// commit; while it is open it is sent again whenever its cabinet comes online, and the cabinet executes it once by its id.
import type { CommandBody, CommandKind } from '#shared/contracts/mqtt/command.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Effect } from '../context.ts'
import { insertRows, type Unit, type UnitContext } from '../db/unit.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'

export interface NewCommand<K extends CommandKind> {
  readonly cabinetId: Id
  readonly kind: K
  readonly body: CommandBody<K>
  /** Past that the cabinet does not execute it, whatever delayed it. */
  readonly validForMs: number
  /** Name of the account, or of the part of the server, that sends it. */
  readonly issuedBy: string
}

export interface IssuedCommand {
  readonly commandId: Id
  readonly expiresAtMs: number
  /** To be performed after the commit. */
  readonly effect: Effect
}

export function* issueCommand<K extends CommandKind>(
  ctx: UnitContext,
  signer: CommandSigner,
  input: NewCommand<K>,
): Unit<IssuedCommand> {
  const issuedAtMs = ctx.now()
  const { cabinetId, kind, issuedBy } = input
  const body: Record<string, unknown> = { ...input.body }
  const expiresAtMs = issuedAtMs + input.validForMs
  const command = signer.sign(cabinetId, { commandId: ctx.newId(), kind, body, issuedAtMs, expiresAtMs })
  yield* insertRows(ctx.tables.cabinetCommands, [{ ...command, cabinetId, issuedBy, isEndedByServer: false }])
  return { commandId: command.commandId, expiresAtMs, effect: { kind: 'command', cabinetId, command } }
}
