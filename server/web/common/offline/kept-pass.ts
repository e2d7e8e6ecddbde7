// The pass that is kept on the phone for when there is no network: of one account, and only while it opens something.
import { OfflinePass } from '#shared/contracts/http/offline-passes.ts'
import type { z } from 'zod'

export type Pass = z.infer<typeof OfflinePass>

const storageKey = 'huinong.pass'

/** The kept pass of the account; undefined when there is none, it has expired or it is somebody else's. */
export function readKeptPass(window: Window, accountId: string | undefined, nowMs: number): Pass | undefined {
  try {
    const kept = JSON.parse(window.localStorage.getItem(storageKey) ?? 'null') as { accountId?: string; pass?: unknown }
    const pass = OfflinePass.safeParse(kept?.pass).data
    // Without a network nobody can say who is signed in; the phone's own pass is shown then.
    if (pass === undefined || (accountId !== undefined && kept.accountId !== accountId)) return undefined
    return pass.expiresAtMs > nowMs && pass.code !== undefined ? pass : undefined
  } catch {
    return undefined
  }
}

/** Keeps the pass that opens something; without one, forgets the last. */
export function keepPass(window: Window, accountId: string, pass: Pass | undefined): void {
  try {
    if (pass === undefined) window.localStorage.removeItem(storageKey)
    else window.localStorage.setItem(storageKey, JSON.stringify({ accountId, pass }))
  } catch {
    // A private window may refuse to store; the pass then lasts for this visit.
  }
}
