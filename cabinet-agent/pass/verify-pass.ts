import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import type { OfflineSelling } from '#shared/contracts/mqtt/twin.ts'
import { decodePassCode, passKeySigningBytes, passSigningBytes } from '#shared/passes/pass-code.ts'
import type { SessionPass } from '../session/session-state.ts'

/** Why a scanned code opened nothing; stable words, shown at the door. */
export type PassRefusal =
  | 'not_a_pass'
  | 'offline_selling_off'
  | 'pass_forged'
  | 'pass_other_group'
  | 'pass_not_yet_valid'
  | 'pass_expired'
  | 'pass_revoked'
  | 'pass_used'
  | 'pass_cap_too_low'
  | 'pass_risk_bound'

/** What a cabinet knows when a code is held before it. */
export interface PassFacts {
  /** Keys from enrolment: they vouch for the key that signs passes. */
  serverKeys: readonly KeyObject[]
  selling: OfflineSelling | null
  /** This cabinet's clock, never behind any time the server has signed. */
  nowMs: number
  /** Passes of this buyer up to here are used up or revoked on this cabinet. */
  lastCounter: (buyerId: string) => number
  isRevoked: (passId: string) => boolean
  /** Sessions on passes that the server has not acknowledged, and the sum of their caps. */
  open: { sessions: number; capFen: number }
  /** The dearest single thing on sale, fen: a pass that cannot pay for it is no use here. */
  dearestFen: number
}

export type VerifiedPass =
  | { kind: 'pass'; pass: SessionPass }
  /** `passId` once the signature has proven that it is one of ours. */
  | { kind: 'refused'; reason: PassRefusal; passId?: string }

/** How far a cabinet's clock may be wrong either way, ms. The server waits longer than this before it gives money back. */
export const clockDoubtMs = 5 * 60_000

const ed25519Head = Buffer.from('302a300506032b6570032100', 'hex')

/** Judges a scanned text without any network. Pure; never throws, whatever was scanned. */
export function verifyPass(text: string, facts: PassFacts): VerifiedPass {
  const signed = decodePassCode(text)
  if (signed === undefined) return { kind: 'refused', reason: 'not_a_pass' }
  const { pass, key, signature, keySignature } = signed
  const { nowMs, selling } = facts
  const isVouched = facts.serverKeys.some((server) => isSigned(passKeySigningBytes(key), server, keySignature))
  const publicKey = isVouched ? readRawKey(key.publicKey) : undefined
  if (publicKey === undefined || !isSigned(passSigningBytes(pass), publicKey, signature))
    return { kind: 'refused', reason: 'pass_forged' }
  const refuse = (reason: PassRefusal): VerifiedPass => ({ kind: 'refused', reason, passId: pass.passId })
  // A key signs within its own time only; when a pass was made is signed in the pass.
  if (pass.notBeforeMs < key.notBeforeMs || pass.notBeforeMs > key.expiresAtMs) return refuse('pass_forged')
  if (selling === null) return refuse('offline_selling_off')
  if (pass.groupId !== selling.groupId) return refuse('pass_other_group')
  if (nowMs < pass.notBeforeMs - clockDoubtMs) return refuse('pass_not_yet_valid')
  if (nowMs > pass.expiresAtMs + clockDoubtMs) return refuse('pass_expired')
  if (facts.isRevoked(pass.passId)) return refuse('pass_revoked')
  if (pass.counter <= facts.lastCounter(pass.buyerId)) return refuse('pass_used')
  if (pass.capFen < facts.dearestFen) return refuse('pass_cap_too_low')
  const { open } = facts
  const isTooMuch = open.sessions + 1 > selling.maxOpenSessions || open.capFen + pass.capFen > selling.maxOpenFen
  if (isTooMuch) return refuse('pass_risk_bound')
  return { kind: 'pass', pass: { code: text, ...pass } }
}

function readRawKey(raw: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.concat([ed25519Head, raw]), format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}

function isSigned(bytes: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  try {
    return verify(null, bytes, key, signature)
  } catch {
    return false
  }
}
