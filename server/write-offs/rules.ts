// How money that comes after a write-off goes back the way the write-off went. Everything here is pure.
import { splitRefund } from '../attribution/rules.ts'
import type { AccountId } from '../ledger/account-kinds.ts'

/** What one leg of a write-off took, less what recoveries gave back. */
export interface Loss {
  readonly leg: string
  readonly accountId: AccountId
  readonly leftFen: number
}

/** `3` and `3.borne` are one part; a surplus line is one by itself. */
export const partOf = (leg: string) => (leg === 'surplus' || leg === 'borne' ? 'surplus' : leg.replace('.borne', ''))
export const isBorne = (leg: string) => leg.endsWith('borne')

export interface Giving {
  readonly loss: Loss
  /** Whole fen, > 0. */
  readonly fen: number
}

/** In the order of parts, of each the payee's loss before what was borne. */
export function inOrderOfParts(losses: readonly Loss[]): Loss[] {
  const place = ({ leg }: Loss) => (Number.parseInt(partOf(leg), 10) || 0) * 2 + (isBorne(leg) ? 1 : 0)
  return losses.toSorted((a, b) => place(a) - place(b))
}

/**
 * Shares what has come among the losses, in the order of parts: each part in proportion to what is not back yet (largest
 * remainder), within it the payee first. Σ = amountFen, which is at most Σ leftFen.
 */
export function giveBack(losses: readonly Loss[], amountFen: number): Giving[] {
  if (amountFen === 0) return []
  const parts = [...new Set(losses.map(({ leg }) => partOf(leg)))]
  const ofPart = (part: string) => losses.filter(({ leg }) => partOf(leg) === part)
  const shares = splitRefund(
    amountFen,
    parts.map((part) => ofPart(part).reduce((sum, { leftFen }) => sum + leftFen, 0)),
  )
  return parts.flatMap((part, index) => {
    let restFen = shares[index] ?? 0
    return ofPart(part).flatMap((loss): Giving[] => {
      const fen = Math.min(restFen, loss.leftFen)
      restFen -= fen
      return fen > 0 ? [{ loss, fen }] : []
    })
  })
}
