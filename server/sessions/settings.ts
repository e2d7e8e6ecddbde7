// What an operator may choose about sessions; each has a safe default.
import type { ServerConfig } from '../config/server-config.ts'

export interface SessionSettings {
  /** Most that is held in a wallet when a door opens, fen. */
  readonly maxHoldFen: number
  /** Least that must be free in the wallet to open a door, fen. */
  readonly minHoldFen: number
  /** How long an unlock may take to arrive; the cabinet does not execute it later. */
  readonly unlockValidMs: number
  /** News of an unlock must come within this after it expired. */
  readonly unlockGraceMs: number
  /** A cabinet that was heard of in a session must be heard of again within this. */
  readonly quietMs: number
  /** The same for a restock, which takes its time. */
  readonly restockQuietMs: number
}

export const defaultSessionSettings: SessionSettings = {
  maxHoldFen: 10_000,
  minHoldFen: 2_000,
  unlockValidMs: 15_000,
  unlockGraceMs: 45_000,
  quietMs: 15 * 60_000,
  restockQuietMs: 3 * 3_600_000,
}

/** The settings an operator chose in the server's configuration. */
export function settingsOf({ hold }: Pick<ServerConfig, 'hold'>): SessionSettings {
  return { ...defaultSessionSettings, maxHoldFen: hold.maxFen, minHoldFen: hold.minFen }
}
