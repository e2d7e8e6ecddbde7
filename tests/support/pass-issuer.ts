// Passes as the server signs them, for a cabinet that knows only the server's command key.
import type { KeyObject } from 'node:crypto'
import type { Pass } from '#shared/passes/pass-code.ts'
import { CommandSigner } from '#server/mqtt/command-signer.ts'
import { PassSigner } from '#server/offline-passes/pass-signer.ts'

export function makePassSigner(commandKey: KeyObject, clock: { now(): number }): PassSigner {
  const pem = commandKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return new PassSigner(new CommandSigner(pem), clock)
}

export function makePass(
  ids: Pick<Pass, 'passId' | 'groupId' | 'buyerId'>,
  nowMs: number,
  change: Partial<Pass> = {},
): Pass {
  const notBeforeMs = Math.floor(nowMs / 1_000) * 1_000
  return { ...ids, notBeforeMs, expiresAtMs: notBeforeMs + 3_600_000, capFen: 5_000, counter: 1, ...change }
}
