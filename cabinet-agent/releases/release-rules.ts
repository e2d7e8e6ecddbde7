import { verify, type KeyObject } from 'node:crypto'
import { agentReleaseSigningText, type AgentRelease, type releaseRefusals } from '#shared/contracts/mqtt/twin.ts'

/** What this cabinet runs: the agent it was installed with, or a release. */
export interface RunningAgent {
  version: string
  isInstalled: boolean
}
export interface ReleaseRefusal {
  code: (typeof releaseRefusals)[number]
  reason: string
}

/** Below zero when the first is older, number by number. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number))
  for (const index of [0, 1, 2]) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

export function isSignedRelease(release: AgentRelease, keys: readonly KeyObject[]): boolean {
  const text = Buffer.from(agentReleaseSigningText(release))
  const signature = Buffer.from(release.signature, 'base64')
  return keys.some((key) => {
    try {
      return verify(null, text, key, signature)
    } catch {
      return false
    }
  })
}

/** Why a release must not be fetched at all; undefined when it may. An older one needs leave to go back from what runs. */
export function judgeRelease(
  release: AgentRelease,
  running: RunningAgent,
  keys: readonly KeyObject[],
): ReleaseRefusal | undefined {
  if (!isSignedRelease(release, keys)) return { code: 'bad_signature', reason: 'no key of the server signed it' }
  const isOlder = compareVersions(release.version, running.version) < 0
  if (isOlder && release.goesBackFrom !== running.version)
    return { code: 'older_version', reason: `${running.version} runs, and nobody allowed to go back from it` }
  return undefined
}

/** Starts of new code on trial before it is given up. */
export const maxStarts = 3

export interface TrialEnd {
  isConfirmed: boolean
  /** A person or the supervisor ended us. */
  wasStopped: boolean
  isTimeUp: boolean
  starts: number
}

/** What follows when code on trial has ended or its time is up. */
export function afterTrial({ isConfirmed, wasStopped, isTimeUp, starts }: TrialEnd): 'end' | 'again' | 'go-back' {
  if (isConfirmed || (wasStopped && !isTimeUp)) return 'end'
  return isTimeUp || starts >= maxStarts ? 'go-back' : 'again'
}
