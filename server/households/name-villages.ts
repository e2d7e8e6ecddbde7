// Villages come with the register: a file that names them in columns of their own enters those that are not known yet, and gives
// another name to those it names otherwise. The name of a town is the same in all its villages.
import { eq } from 'drizzle-orm'
import { recordAudits } from '../audit/record-audit.ts'
import { exec, insertRows, rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import type { RowError } from '../tabular/read-table.ts'
import { refuseRows } from '../tabular/refuse-rows.ts'

const villageDigits = 12
/** A village's code begins with its town's. */
const townDigits = 9

/** What a row says of where its household is. */
export interface PlacedRow {
  readonly row: number
  readonly householdCode: string
  readonly villageName?: string | undefined
  readonly townName?: string | undefined
}

/** The name that the rows give each code, and the rows that give it another one than a row before. */
function namesOf(
  placed: readonly PlacedRow[],
  { digits, column, nameOf }: { digits: number; column: string; nameOf: (row: PlacedRow) => string | undefined },
): { names: Map<string, string>; errors: RowError[] } {
  const first = new Map<string, PlacedRow>()
  const errors: RowError[] = []
  for (const row of placed) {
    if (nameOf(row) === undefined) continue
    const code = row.householdCode.slice(0, digits)
    const before = first.get(code)
    if (before === undefined) first.set(code, row)
    else if (nameOf(before) !== nameOf(row))
      errors.push({ row: row.row, column, message: `is named otherwise in row ${before.row}` })
  }
  return { names: new Map([...first].map(([code, row]) => [code, nameOf(row) ?? ''])), errors }
}

/** Refuses row by row where a village is not known and the row does not name it with its town, or rows disagree on a name. */
export function* nameVillages(
  ctx: UnitContext,
  input: { readonly placed: readonly PlacedRow[]; readonly byAccountId: string; readonly reason: string },
): Unit<void> {
  const { placed, byAccountId, reason } = input
  const { villages: v } = ctx.tables
  const village = namesOf(placed, { digits: villageDigits, column: '村', nameOf: ({ villageName }) => villageName })
  const town = namesOf(placed, { digits: townDigits, column: '乡镇', nameOf: ({ townName }) => townName })
  refuseRows([...village.errors, ...town.errors])
  const known = new Map((yield* rows(ctx.db.select().from(v))).map((row) => [row.villageCode, row]))
  const townNames = new Map([...known.values()].map(({ townCode, townName }) => [townCode, townName]))
  for (const [townCode, name] of town.names) townNames.set(townCode, name)
  const wanted = new Set([
    ...placed.map(({ householdCode }) => householdCode.slice(0, villageDigits)),
    ...[...known.values()].filter(({ townCode }) => town.names.has(townCode)).map(({ villageCode }) => villageCode),
  ])
  const named = [...wanted].flatMap((villageCode) => {
    const before = known.get(villageCode)
    const townCode = before?.townCode ?? villageCode.slice(0, townDigits)
    const name = village.names.get(villageCode) ?? before?.name
    const townName = townNames.get(townCode)
    return name === undefined || townName === undefined ? [] : [{ villageCode, name, townCode, townName }]
  })
  const found = new Set(named.map(({ villageCode }) => villageCode))
  refuseRows(
    placed
      .filter(({ householdCode }) => !found.has(householdCode.slice(0, villageDigits)))
      .map(({ row }) => ({
        row,
        column: '户编号',
        message: 'begins with no village that is known: name it in 村 and 乡镇',
      })),
  )
  const changed = named.filter(({ villageCode, name, townName }) => {
    const before = known.get(villageCode)
    return before?.name !== name || before.townName !== townName
  })
  yield* insertRows(
    v,
    changed.filter(({ villageCode }) => !known.has(villageCode)),
  )
  for (const { villageCode, name, townName } of changed)
    if (known.has(villageCode))
      yield* exec(ctx.db.update(v).set({ name, townName }).where(eq(v.villageCode, villageCode)))
  yield* recordAudits(
    ctx,
    changed.map(({ villageCode, name, townName }) => {
      const before = known.get(villageCode)
      return {
        accountId: byAccountId,
        action: before === undefined ? 'village.entered' : 'village.renamed',
        subjectId: villageCode,
        why: reason,
        ...(before === undefined ? {} : { before: { name: before.name, townName: before.townName } }),
        after: { name, townName },
      }
    }),
  )
}
