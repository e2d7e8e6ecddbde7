// What a restocker's phone keeps for when there is no network: the day's routes and tasks as last seen, and the steps that wait to
// be sent. One entry of the local storage, of one account.
import { RestockRoute, RestockStep, RestockTask } from '#shared/contracts/http/restock-tasks.ts'
import { z } from 'zod'

const KeptWork = z.object({
  accountId: z.string(),
  day: z.string(),
  routes: z.array(RestockRoute),
  tasks: z.record(z.string(), RestockTask),
  steps: z.record(z.string(), z.array(RestockStep)),
})
export type KeptWork = z.infer<typeof KeptWork>

const storageKey = 'huinong.restock'

/** What was kept; undefined when there is nothing or another account's. Without a network nobody can say whose phone it is. */
export function readKeptWork(window: Window, accountId: string | undefined): KeptWork | undefined {
  try {
    const kept = KeptWork.safeParse(JSON.parse(window.localStorage.getItem(storageKey) ?? 'null')).data
    return kept !== undefined && (accountId === undefined || kept.accountId === accountId) ? kept : undefined
  } catch {
    return undefined
  }
}

/** False when the phone refuses to store: then the work lasts as long as the page. */
export function keepWork(window: Window, work: KeptWork): boolean {
  try {
    window.localStorage.setItem(storageKey, JSON.stringify(work))
    return true
  } catch {
    return false
  }
}
