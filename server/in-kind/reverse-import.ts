// Takes an import of goods in kind back by one of the same masses below zero; nothing entered is edited. What was wrong in the list may
// then be imported anew, the same file too: what was wrong may have been its document or its day.
import { asc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { reverseInKindImport } from '#shared/contracts/http/in-kind.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { exec, insertRows, one, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { totalsOf } from './import-grants.ts'

/** Refuses with in_kind.import_unknown, in_kind.import_is_reversal and in_kind.import_reversed. */
export function* reverseImport(
  ctx: UnitContext,
  input: { readonly importId: string; readonly byAccountId: string; readonly reason: string },
): Unit<z.input<(typeof reverseInKindImport)['reply']>> {
  const { importId, byAccountId, reason } = input
  const { inKindImports: i, inKindGrants: g, inKindKeys: k } = ctx.tables
  const original = yield* one(ctx.db.select().from(i).where(eq(i.importId, importId)))
  if (original === undefined) throw new RefusalError('in_kind.import_unknown')
  if (original.reversesImportId !== null) throw new RefusalError('in_kind.import_is_reversal')
  const earlier = yield* one(ctx.db.select({ importId: i.importId }).from(i).where(eq(i.reversesImportId, importId)))
  if (earlier !== undefined) throw new RefusalError('in_kind.import_reversed')
  const grants = yield* rows(ctx.db.select().from(g).where(eq(g.importId, importId)).orderBy(asc(g.row)))
  const reversalId = ctx.newId()
  const { documentNumber, grantedAtMs } = original
  yield* insertRows(i, [
    {
      importId: reversalId,
      documentNumber,
      grantedAtMs,
      fileHash: null,
      reversesImportId: importId,
      reason,
      importedBy: byAccountId,
      importedAtMs: ctx.now(),
    },
  ])
  const taken = grants.map((grant) => ({ ...grant, importId: reversalId, massMg: -grant.massMg }))
  yield* insertRows(g, taken)
  yield* exec(ctx.db.delete(k).where(eq(k.importId, importId)))
  const totals = totalsOf(taken)
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'in_kind.reversed',
    subjectId: importId,
    why: reason,
    detail: { reversalId, documentNumber, totals },
  })
  return { importId: reversalId, reversesImportId: importId, rows: taken.length, totals }
}
