// How far a cabinet's journal is committed.
import { eq } from 'drizzle-orm'
import { one, type Unit, type UnitContext } from '../db/unit.ts'

/** By the seq on the wire; 0 when nothing is committed. */
export function* findCommittedSeq(
  { db, tables: { journalPositions: t } }: UnitContext,
  cabinetId: string,
): Unit<number> {
  const found = yield* one(db.select({ seq: t.committedSeq }).from(t).where(eq(t.cabinetId, cabinetId)))
  return found?.seq ?? 0
}
