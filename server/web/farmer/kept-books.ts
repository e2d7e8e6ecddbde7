// What a farmer's phone keeps for when there is no network: the household's books as last seen, and the answers to harvest calls
// that wait to be sent. One entry of the local storage, of one account; signing out forgets it.
import { getSixOnes } from '#shared/contracts/http/assistance.ts'
import { HarvestCall } from '#shared/contracts/http/harvest-calls.ts'
import { getHousehold } from '#shared/contracts/http/households.ts'
import { getHouseholdIncome } from '#shared/contracts/http/money.ts'
import { TrackedLot } from '#shared/contracts/http/replenishment.ts'
import { Id } from '#shared/ids/uuid-v7.ts'
import { z } from 'zod'

const Books = z.object({
  seenAtMs: z.int(),
  household: getHousehold.reply,
  income: getHouseholdIncome.reply,
  sixOnes: getSixOnes.reply,
  lots: z.array(TrackedLot),
  calls: z.array(HarvestCall),
})
export type Books = z.infer<typeof Books>

/** `units`: accepted for fewer than were asked for. */
const Answer = z.object({ callId: Id, answer: z.enum(['accept', 'decline']), units: z.int().min(1).optional() })
export type Answer = z.infer<typeof Answer>

const KeptBooks = z.object({ accountId: z.string(), books: Books, answers: z.array(Answer) })
type KeptBooks = z.infer<typeof KeptBooks>

const storageKey = 'huinong.farmer'

/** What was kept; undefined when there is nothing or another account's. Without a network nobody can say whose phone it is. */
export function readKeptBooks(window: Window, accountId: string | undefined): KeptBooks | undefined {
  try {
    const kept = KeptBooks.safeParse(JSON.parse(window.localStorage.getItem(storageKey) ?? 'null')).data
    return kept !== undefined && (accountId === undefined || kept.accountId === accountId) ? kept : undefined
  } catch {
    return undefined
  }
}

/** A phone that refuses to store shows the books for as long as the page stands. */
export function keepBooks(window: Window, kept: KeptBooks | undefined): void {
  try {
    if (kept === undefined) window.localStorage.removeItem(storageKey)
    else window.localStorage.setItem(storageKey, JSON.stringify(kept))
  } catch {
    // Nothing to do: see above.
  }
}
