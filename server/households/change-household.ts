// Changes what the register says of a household. Each changed fact leaves a dated row with what it was, who changed it and
// why; a household that leaves poverty gets a new kind and stays (四不摘).
import { eq } from 'drizzle-orm'
import { exec, insertRows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { refuseNumbers } from '../personal-data/refuse-numbers.ts'
import type { Viewer } from '../personal-data/row-scope.ts'
import { findHousehold } from './find-household.ts'
import type { HouseholdRow } from './find-household.ts'
import type { SealedPhone } from './phone.ts'
import { householdFacts } from './schema.ts'
import type { HouseholdFact, HouseholdKind } from './schema.ts'

/** Facts that change; those left out stay, a phone number that is null is removed. */
export interface HouseholdChange {
  readonly kind?: HouseholdKind | undefined
  readonly headName?: string | undefined
  readonly population?: number | undefined
  readonly phone?: SealedPhone | null | undefined
  readonly identifiedYear?: number | undefined
  readonly exitedYear?: number | undefined
}

interface FactChange {
  readonly what: HouseholdFact
  readonly previous: string | undefined
  /** Empty: removed. */
  readonly value: string
}

const textOf = (value: string | number | null | undefined) =>
  value === null || value === undefined ? undefined : String(value)

const isPhoneKept = ({ phoneSealed }: HouseholdRow, { phone }: HouseholdChange) =>
  phoneSealed !== null && phone?.isNumberIn(phoneSealed) === true

/** What differs between the register and the change, fact by fact; a phone number by its mask. */
function differencesOf(current: HouseholdRow, change: HouseholdChange): FactChange[] {
  return householdFacts.flatMap((what) => {
    const previous = textOf(what === 'phone' ? current.phoneMasked : current[what])
    if (what === 'phone' && change.phone === null) return previous === undefined ? [] : [{ what, previous, value: '' }]
    const value = textOf(what === 'phone' ? change.phone?.masked : change[what])
    const isSame = what === 'phone' ? isPhoneKept(current, change) : value === previous
    return value === undefined || isSame ? [] : [{ what, previous, value }]
  })
}

/** Returns how many facts changed; none writes nothing. Refuses with household.not_found. */
export function* changeHousehold(
  ctx: UnitContext,
  input: {
    readonly viewer: Viewer
    readonly householdCode: string
    readonly change: HouseholdChange
    readonly reason: string
  },
): Unit<number> {
  const { viewer, householdCode, change, reason } = input
  const { households } = ctx.tables
  refuseNumbers({ headName: change.headName })
  const changed = differencesOf(yield* findHousehold(ctx, viewer, householdCode), change)
  if (changed.length === 0) return 0
  const { phone: _phone, ...facts } = change
  const phone = changed.some(({ what }) => what === 'phone') ? change.phone : undefined
  const set = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
  yield* exec(
    ctx.db
      .update(households)
      .set({
        ...set,
        ...(phone === undefined ? {} : { phoneSealed: phone?.sealed ?? null, phoneMasked: phone?.masked ?? null }),
      })
      .where(eq(households.householdCode, householdCode)),
  )
  const atMs = ctx.now()
  const byAccountId = viewer.accountId
  yield* insertRows(
    ctx.tables.householdChanges,
    changed.map(({ what, previous, value }) => ({ householdCode, atMs, what, previous, value, byAccountId, reason })),
  )
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'household.changed',
    subjectId: householdCode,
    why: reason,
    before: Object.fromEntries(changed.map(({ what, previous }) => [what, previous ?? null])),
    after: Object.fromEntries(changed.map(({ what, value }) => [what, value === '' ? null : value])),
  })
  return changed.length
}
