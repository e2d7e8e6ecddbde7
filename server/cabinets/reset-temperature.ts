// Ends an over-temperature lock (domain.md, food): by a named person, after an inspection that is noted, and from afar only
// while the cabinet is locked for it. The cabinet has the last word: it refuses while it is still too warm.
import { recordAudit } from '../audit/record-audit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'
import { issueCommand } from './issue-command.ts'
import type { IssuedCommand } from './issue-command.ts'
import { findCabinet } from './store.ts'

export interface TemperatureReset {
  readonly cabinetId: string
  readonly note: string
  readonly inspectedBy: string
  readonly byAccountId: string
  readonly validForMs: number
}

export function* resetTemperature(
  ctx: UnitContext,
  signer: CommandSigner,
  { cabinetId, note, inspectedBy, byAccountId, validForMs }: TemperatureReset,
): Unit<IssuedCommand> {
  const cabinet = yield* findCabinet(ctx, { cabinetId })
  if (cabinet === undefined) throw new RefusalError('cabinet.unknown')
  if (!cabinet.alarms.includes('over_temperature')) throw new RefusalError('cabinet.not_over_temperature')
  const issued = yield* issueCommand(ctx, signer, {
    cabinetId,
    kind: 'reset-temperature',
    body: { inspectedBy, note },
    validForMs,
    issuedBy: inspectedBy,
  })
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'cabinet.temperature_reset',
    subjectId: cabinetId,
    why: note,
    detail: { commandId: issued.commandId },
  })
  return issued
}
