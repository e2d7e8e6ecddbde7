// Where the fen of a receipt went, gathered for people: sums by kind of payee, and the parts of one line with the many
// small household parts of a pooled lot folded together.
import type { Receipt } from '#shared/contracts/http/sessions.ts'

export type AttributionPart = Receipt['lines'][number]['parts'][number]
export type PayeeKind = AttributionPart['payeeKind']
export const payeeKinds: readonly PayeeKind[] = [
  'household',
  'organisation',
  'supplier',
  'fund',
  'operator',
  'rounding',
]

export interface KindShare {
  readonly kind: PayeeKind
  readonly amountFen: number
  readonly payeeCount: number
}

/** Sums by kind in the order of `payeeKinds`; kinds that got nothing are left out. */
export function sharesOf(parts: readonly AttributionPart[]): KindShare[] {
  return payeeKinds.flatMap((kind) => {
    const own = parts.filter((part) => part.payeeKind === kind && part.amountFen !== 0)
    if (own.length === 0) return []
    // A household that earns by several lines is one household.
    const payees = new Set(
      own.map((part) => `${part.payeeName}|${part.villageName ?? ''}|${part.householdCodeLast4 ?? ''}`),
    )
    return [{ kind, amountFen: own.reduce((sum, part) => sum + part.amountFen, 0), payeeCount: payees.size }]
  })
}

export function allParts(receipt: Receipt): AttributionPart[] {
  return receipt.lines.flatMap((line) => line.parts)
}

export interface FoldedParts {
  readonly shown: readonly AttributionPart[]
  /** Household parts that are not shown one by one. */
  readonly foldedCount: number
  readonly foldedFen: number
}

/** Every part but households beyond the `most` largest, which are folded into one figure: Σ shown + folded = Σ parts. */
export function foldParts(parts: readonly AttributionPart[], most: number): FoldedParts {
  const paid = parts.filter((part) => part.amountFen !== 0)
  const households = paid
    .filter((part) => part.payeeKind === 'household')
    .toSorted((a, b) => Math.abs(b.amountFen) - Math.abs(a.amountFen))
  const others = payeeKinds.flatMap((kind) =>
    kind === 'household' ? [] : paid.filter((part) => part.payeeKind === kind),
  )
  const folded = households.slice(most)
  return {
    shown: [...households.slice(0, most), ...others],
    foldedCount: folded.length,
    foldedFen: folded.reduce((sum, part) => sum + part.amountFen, 0),
  }
}
