import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clockDoubtMs, verifyPass, type PassFacts } from '#cabinet-agent/pass/verify-pass.ts'
import { decodePassCode, encodePassCode, type Pass } from '#shared/passes/pass-code.ts'
import { makePass, makePassSigner } from '#tests/support/pass-issuer.ts'
import { makeTestId } from '#tests/support/session-inputs.ts'
import { testEpochMs } from '#tests/support/test-clock.ts'

const nowMs = testEpochMs
const server = generateKeyPairSync('ed25519')
const ids = { passId: makeTestId(), groupId: makeTestId(), buyerId: makeTestId() }
const signer = makePassSigner(server.privateKey, { now: () => nowMs })
const codeOf = (change: Partial<Pass> = {}) => signer.sign(makePass(ids, nowMs, change))

const facts: PassFacts = {
  serverKeys: [server.publicKey],
  selling: { groupId: ids.groupId, maxOpenSessions: 3, maxOpenFen: 12_000 },
  nowMs,
  lastCounter: () => 0,
  isRevoked: () => false,
  open: { sessions: 0, capFen: 0 },
  dearestFen: 1_000,
}

function judge(code: string, change: Partial<PassFacts> = {}) {
  const verified = verifyPass(code, { ...facts, ...change })
  return verified.kind === 'pass' ? 'pass' : verified.reason
}

describe('verifying a pass without a network', () => {
  it('takes what the server signed, with all that it says', () => {
    const code = codeOf()

    expect(verifyPass(code, facts)).toMatchObject({ kind: 'pass', pass: { code, ...ids, capFen: 5_000 } })
  })

  it('refuses a pass signed under another server’s key', () => {
    const stranger = makePassSigner(generateKeyPairSync('ed25519').privateKey, { now: () => nowMs })

    expect(judge(stranger.sign(makePass(ids, nowMs)))).toBe('pass_forged')
  })

  it('refuses a pass whose promise was changed under a true signature', () => {
    const signed = decodePassCode(codeOf())
    if (signed === undefined) throw new Error('no pass')
    const richer = encodePassCode({ ...signed, pass: { ...signed.pass, capFen: 500_000 } })
    const laterKey = encodePassCode({ ...signed, key: { ...signed.key, expiresAtMs: signed.key.expiresAtMs + 1_000 } })

    expect(judge(richer)).toBe('pass_forged')
    expect(judge(laterKey)).toBe('pass_forged')
  })

  it('refuses a true key that signs outside its time', () => {
    const early = makePass(ids, nowMs, { notBeforeMs: nowMs - 86_400_000, expiresAtMs: nowMs + 60_000 })
    const signed = decodePassCode(codeOf())
    if (signed === undefined) throw new Error('no pass')

    expect(judge(encodePassCode({ ...signed, pass: early }))).toBe('pass_forged')
  })

  it.each<[string, Partial<Pass>, Partial<PassFacts>, string]>([
    ['another group', { groupId: makeTestId() }, {}, 'pass_other_group'],
    ['a cabinet that sells online only', {}, { selling: null }, 'offline_selling_off'],
    ['a clock far behind', {}, { nowMs: nowMs - clockDoubtMs - 1_000 }, 'pass_not_yet_valid'],
    ['an expired pass', {}, { nowMs: nowMs + 3_600_000 + clockDoubtMs + 1 }, 'pass_expired'],
    ['a revoked pass', {}, { isRevoked: () => true }, 'pass_revoked'],
    ['a used pass', {}, { lastCounter: () => 1 }, 'pass_used'],
    ['a pass older than the last one used', { counter: 4 }, { lastCounter: () => 9 }, 'pass_used'],
    ['a cap below the dearest piece', {}, { dearestFen: 5_001 }, 'pass_cap_too_low'],
    ['one session too many', {}, { open: { sessions: 3, capFen: 0 } }, 'pass_risk_bound'],
    ['too much at risk', {}, { open: { sessions: 1, capFen: 7_001 } }, 'pass_risk_bound'],
  ])('refuses %s', (_name, pass, change, reason) => {
    expect(judge(codeOf(pass), change)).toBe(reason)
  })

  it('bears with a clock within its doubt at both ends', () => {
    expect(judge(codeOf(), { nowMs: nowMs - clockDoubtMs })).toBe('pass')
    expect(judge(codeOf(), { nowMs: nowMs + 3_600_000 + clockDoubtMs })).toBe('pass')
    expect(judge(codeOf(), { open: { sessions: 2, capFen: 7_000 } })).toBe('pass')
  })

  it('never throws and never opens for a scanned text that nobody signed', () => {
    const signed = decodePassCode(codeOf())
    if (signed === undefined) throw new Error('no pass')
    const forged = fc
      .record({
        signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
        keySignature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
        publicKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      })
      .map(({ publicKey, ...signatures }) =>
        encodePassCode({ ...signed, ...signatures, key: { ...signed.key, publicKey } }),
      )

    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 500 }), forged), (text) => {
        expect(['not_a_pass', 'pass_forged']).toContain(judge(text))
      }),
    )
  })
})
