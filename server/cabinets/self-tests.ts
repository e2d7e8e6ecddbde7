// Self-tests of cabinets: a command like any other, whose reply carries the report. Each run stays with its report.
import { and, desc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { listSelfTests, SelfTest } from '#shared/contracts/http/fleet.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { behindKey, keyOfCursor, pageOfRows, type Page } from '../db/keyset.ts'
import { rows, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'
import { issueCommand, type IssuedCommand } from './issue-command.ts'
import { findCabinet, showCommand } from './store.ts'

const validForMs = 30_000

/** Refuses with cabinet.unknown and cabinet.not_enrolled. */
export function* startSelfTest(
  ctx: UnitContext,
  signer: CommandSigner,
  input: { readonly cabinetId: string; readonly by: { readonly accountId: string; readonly name: string } },
): Unit<IssuedCommand> {
  const { cabinetId, by } = input
  const cabinet = yield* findCabinet(ctx, { cabinetId })
  if (cabinet === undefined) throw new RefusalError('cabinet.unknown')
  if (cabinet.publicKey === null) throw new RefusalError('cabinet.not_enrolled')
  const order = { cabinetId, kind: 'self-test', body: {}, validForMs, issuedBy: by.name } as const
  const issued = yield* issueCommand(ctx, signer, order)
  yield* recordAudit(ctx, {
    accountId: by.accountId,
    action: 'cabinet.command_sent',
    subjectId: cabinetId,
    detail: { kind: 'self-test', commandId: issued.commandId },
  })
  return issued
}

type SelfTestQuery = z.output<(typeof listSelfTests)['query']>

export function* listSelfTestPage(
  { db, tables: { cabinetCommands: t, cabinets: c } }: UnitContext,
  query: SelfTestQuery,
): Unit<Page<z.input<typeof SelfTest>>> {
  const found = yield* rows(
    db
      .select({ command: t, cabinetCode: c.code })
      .from(t)
      .innerJoin(c, eq(c.cabinetId, t.cabinetId))
      .where(
        and(
          eq(t.kind, 'self-test'),
          behindKey([t.commandId], keyOfCursor(query.cursor, 1), 'descending'),
          query.cabinetId === undefined ? undefined : eq(t.cabinetId, query.cabinetId),
          query.outcome === undefined ? undefined : eq(t.outcome, query.outcome),
        ),
      )
      .orderBy(desc(t.commandId))
      .limit(query.limit + 1),
  )
  return pageOfRows(
    found,
    query.limit,
    ({ command }) => [command.commandId],
    ({ command, cabinetCode }) => {
      const { kind: _kind, ...shown } = showCommand(command)
      return { ...shown, cabinetId: command.cabinetId, cabinetCode }
    },
  )
}
