import type { CabinetConfig } from '#shared/contracts/mqtt/twin.ts'

/** A change of what the link runs by, until the server is heard through the changed link. */
export interface LinkTrial {
  previousConfig: CabinetConfig
  desiredVersion: number
  /** The entry whose ack proves the link. */
  seq: number
  untilMs: number
}

/** A changed link must carry an ack within this time, ms, or the change is taken back. */
export const trialMs = 60_000

/** Settings that can cut a cabinet off. */
const linkSettings = ['heartbeatIntervalMs', 'mqttUrl'] as const satisfies ReadonlyArray<keyof CabinetConfig>

export function isLinkChanged(before: CabinetConfig, after: CabinetConfig): boolean {
  return linkSettings.some((name) => before[name] !== after[name])
}

/**
 * The trial that a change begins, or goes on with. What it falls back to is what last carried the server's word, however
 * many changes came since.
 */
export function beginTrial(
  before: CabinetConfig,
  running: LinkTrial | undefined,
  facts: { desiredVersion: number; seq: number; atMs: number },
): LinkTrial {
  const { desiredVersion, seq, atMs } = facts
  return { previousConfig: running?.previousConfig ?? before, desiredVersion, seq, untilMs: atMs + trialMs }
}

export function isProven(trial: LinkTrial, throughSeq: number): boolean {
  return throughSeq >= trial.seq
}

/** How long the trial still has, ms: never more than a whole one, wherever the clock was set meanwhile. */
export function trialLeftMs(trial: LinkTrial, nowMs: number): number {
  return Math.min(trialMs, Math.max(0, trial.untilMs - nowMs))
}
