import { webcrypto } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { IncomeProof } from '#shared/contracts/http/disclosure.ts'
import { verifyProof } from '#server/web/disclosure/verify-proof.ts'
import { startDisclosedMarket } from '#tests/support/disclosed-market.ts'

type Proof = z.infer<typeof IncomeProof>
const digests = webcrypto.subtle as SubtleCrypto

async function proveReceipt(): Promise<readonly Proof[]> {
  await using world = await startDisclosedMarket('sqlite')
  await world.sell(2)
  await world.publishNextDay()
  const admin = await world.server.signIn('admin')
  const { body } = await admin.send('GET', `/api/sessions/${world.sessionId}/receipt/proofs`)
  return body['proofs'] as Proof[]
}

describe('a proof of income in the browser', () => {
  it('is proved as the server gives it, and not when anything in it was changed', async () => {
    const proofs = await proveReceipt()
    const [proof] = proofs
    if (proof === undefined) throw new Error('the receipt has no proof')
    const other = (hash: string) => `${hash.startsWith('0') ? '1' : '0'}${hash.slice(1)}`
    const changed: ReadonlyArray<readonly [string, unknown]> = [
      ['format', 'hello'],
      ['day', { ...proof, day: { ...proof.day, totalFen: proof.day.totalFen + 1 } }],
      ['line', { ...proof, transferId: `${proof.transferId}0` }],
      ['root', { ...proof, leaf: { ...proof.leaf, amountFen: proof.leaf.amountFen + 1 } }],
      ['root', { ...proof, path: proof.path.map((hash, index) => (index === 0 ? other(hash) : hash)) }],
      ['root', { ...proof, leafIndex: proof.day.lineCount }],
    ]

    for (const given of proofs)
      expect(await verifyProof(JSON.stringify(given), digests)).toMatchObject({ isProved: true })
    for (const [fault, forged] of changed)
      expect(await verifyProof(JSON.stringify(forged), digests)).toEqual({ isProved: false, fault })
  })
})
