// A sealer with fixed keys, for tests that need no server.
import { createSecretKey } from 'node:crypto'
import type { DataKey, KeyRing } from '#server/personal-data/key-ring.ts'
import { makeSealer } from '#server/personal-data/seal.ts'

/** A key whose 32 bytes all are `fill`. */
export const testKey = (id: string, fill: number): DataKey => ({ id, key: createSecretKey(Buffer.alloc(32, fill)) })

export const testFingerprintKey = createSecretKey(Buffer.alloc(32, 9))

export const testKeyRing: KeyRing = { dataKeys: [testKey('test', 1)], fingerprintKey: testFingerprintKey }
export const testSealer = makeSealer(testKeyRing)
