// Which payout batch a line of the bank's statement belongs to. It names our batch and place, as the payout file wrote them, or a
// serial number that a return file gave. A line that names neither is a stray: money left the account, or came, and nothing of ours says
// why. Strays have no batch, therefore they are looked at by the day they stand on.
import { and, between, eq, gte, inArray, isNotNull } from 'drizzle-orm'
import { districtDateStartMs } from '#shared/time/district-time.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { lineIdOf } from '../payouts/rules.ts'
import { keepFindings } from './keep-findings.ts'
import type { ReconciliationRow } from './keep-findings.ts'
import type { Movement, ThreeWayDifference } from './rules.ts'

/** Values named in one statement; both dialects bind far more. */
const valuesPerStatement = 500
/** A return file comes at most this long before the statement that shows its payments; after it, however late. */
const answeredBeforeMs = 92 * 86_400_000

/** The references by which a statement may name an attempt: its place plain, as ISO 20022 files write it, or by the bank's serial numbers. */
export function referencesOf(batchNo: string, seq: number, serials: readonly string[] = []): string[] {
  return [...new Set([`${batchNo}-${seq}`, lineIdOf(batchNo, seq), ...serials])]
}

interface StatedDays {
  readonly lines: readonly Movement[]
  /** Numbers of batches by reference; strays are not in it. */
  readonly batchNoOf: ReadonlyMap<string, string>
}

/** What statements of payouts say of some days, `YYYY-MM-DD` both. */
export function* findStatedDays(ctx: UnitContext, fromDay: string, throughDay: string): Unit<StatedDays> {
  const { statementLines: l } = ctx.tables
  const lines = yield* rows(
    ctx.db
      .select({ reference: l.reference, day: l.day, amountFen: l.amountFen })
      .from(l)
      .where(and(eq(l.channel, 'payouts'), between(l.day, fromDay, throughDay)))
      .orderBy(l.day, l.reference),
  )
  const bySerial = lines.length === 0 ? [] : yield* findBySerial(ctx, fromDay, throughDay)
  const batchNoOf = new Map(bySerial.map(({ reference, batchNo }) => [reference, batchNo]))
  const others = lines.map(({ reference }) => reference).filter((reference) => !batchNoOf.has(reference))
  for (const [reference, batchNo] of yield* findByPlace(ctx, others)) batchNoOf.set(reference, batchNo)
  return { lines, batchNoOf }
}

/** Lines that a return file's serial number names. */
function* findBySerial(ctx: UnitContext, fromDay: string, throughDay: string) {
  const { payoutReturns: r, payoutReturnRows: w, payoutBatches: b, statementLines: l } = ctx.tables
  return yield* rows(
    ctx.db
      .selectDistinct({ reference: l.reference, batchNo: b.batchNo })
      .from(r)
      .innerJoin(w, and(eq(w.returnId, r.returnId), isNotNull(w.bankSerialNo)))
      .innerJoin(l, and(eq(l.channel, 'payouts'), eq(l.reference, w.bankSerialNo)))
      .innerJoin(b, eq(b.batchId, r.batchId))
      .where(
        and(gte(r.importedAtMs, districtDateStartMs(fromDay) - answeredBeforeMs), between(l.day, fromDay, throughDay)),
      ),
  )
}

/** Lines that name a place which a batch has. */
function* findByPlace({ db, tables: { payoutBatches: b } }: UnitContext, references: readonly string[]) {
  const places = references.flatMap((reference) => {
    const [, batchNo, seq] = /^(.+)-(\d{1,9})$/.exec(reference) ?? []
    return batchNo === undefined || batchNo.length > 20 ? [] : [{ reference, batchNo, seq: Number(seq) }]
  })
  const batchNos = [...new Set(places.map(({ batchNo }) => batchNo))]
  const lineCountOf = new Map<string, number>()
  for (let from = 0; from < batchNos.length; from += valuesPerStatement) {
    const asked = batchNos.slice(from, from + valuesPerStatement)
    const found = yield* rows(
      db.select({ batchNo: b.batchNo, lineCount: b.lineCount }).from(b).where(inArray(b.batchNo, asked)),
    )
    for (const { batchNo, lineCount } of found) lineCountOf.set(batchNo, lineCount)
  }
  return places
    .filter(({ batchNo, seq }) => seq >= 1 && seq <= (lineCountOf.get(batchNo) ?? 0))
    .map(({ reference, batchNo }) => [reference, batchNo] as const)
}

/** Keeps the strays of a day as what the books lack; a return file that comes later gives each its batch. */
export function* reconcileStrays(ctx: UnitContext, day: string): Unit<ReconciliationRow> {
  const { lines, batchNoOf } = yield* findStatedDays(ctx, day, day)
  const strays = lines.filter(({ reference }) => !batchNoOf.has(reference))
  return yield* keepFindings(ctx, {
    channel: 'payouts',
    subject: day,
    statementFen: strays.reduce((sum, { amountFen }) => sum + amountFen, 0),
    booksFen: 0,
    differences: strays.map(({ reference, amountFen }): ThreeWayDifference => ({
      kind: 'missing_in_books',
      reference,
      statementFen: amountFen,
      booksFen: 0,
      batchFen: 0,
      causes: ['return_file_missing', 'reference_mistyped'],
    })),
    keyOf: (reference) => reference,
  })
}
