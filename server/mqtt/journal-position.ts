// How far a cabinet's journal is committed.
import { eq } from 'drizzle-orm'
import { one, type Params, statement, type Unit } from '../db/unit.ts'

const positionOf = statement(({ db, tables: { journalPositions: t } }, p: Params<{ cabinetId: string }>) =>
  db.select({ seq: t.committedSeq }).from(t).where(eq(t.cabinetId, p.cabinetId)),
)

/** By the seq on the wire; 0 when nothing is committed. */
export function* findCommittedSeq(cabinetId: string): Unit<number> {
  const found = yield* one(positionOf.with({ cabinetId }))
  return found?.seq ?? 0
}
