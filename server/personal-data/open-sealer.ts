// Makes the sealer at start and proves its keys against the database: a server with the wrong or with missing keys says so
// instead of failing on the first phone number that somebody needs.
import { and, eq, isNull, ne } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import { exec, insertRows, rows, type Unit, type UnitContext } from '../db/unit.ts'
import { type KeySource, readKeyRing } from './key-ring.ts'
import { makeSealer, SealError, type Sealer } from './seal.ts'
import { isSealedWith } from './sealed-columns.ts'

const fingerprintId = 'fingerprint'
const knownText = 'huinong'

function isProof(sealer: Sealer, { keyId, proof }: { keyId: string; proof: string }): boolean {
  if (keyId === fingerprintId) return proof === sealer.fingerprint(knownText)
  try {
    return sealer.open(proof, `proof:${keyId}`) === knownText
  } catch (error) {
    if (error instanceof SealError) return false
    throw error
  }
}

/** Reads the keys (making the key file at the very first start) and returns the sealer. Throws when a key in use is not there. */
export async function openSealer(database: Database, source: KeySource): Promise<Sealer> {
  const known = await database.read(({ db, tables: { dataKeys } }) => rows(db.select().from(dataKeys)))
  const sealer = makeSealer(await readKeyRing(source, known.length === 0))
  const isRetired = ({ keyId, retiredAtMs }: (typeof known)[number]) =>
    retiredAtMs !== null && keyId !== sealer.newestKeyId
  for (const key of known) {
    if (isProof(sealer, key)) continue
    // A server that went on with the old key while the values were sealed anew has sealed some with it since.
    const isUsed = !isRetired(key) || (await database.read((ctx) => isSealedWith(ctx, key.keyId)))
    if (!isUsed) continue
    throw new Error(
      `Personal data of this database is sealed with the key "${key.keyId}", which is missing from the keys given or is ` +
        'another one there. See HUINONG_DATA_KEYS, HUINONG_FINGERPRINT_KEY and HUINONG_DATA_KEY_FILE.',
    )
  }
  await database.run(function* (ctx) {
    const { dataKeys } = ctx.tables
    const firstUsedAtMs = ctx.now()
    const proofs = [
      { keyId: fingerprintId, proof: sealer.fingerprint(knownText), firstUsedAtMs },
      { keyId: sealer.newestKeyId, proof: sealer.seal(knownText, `proof:${sealer.newestKeyId}`), firstUsedAtMs },
    ]
    yield* insertRows(dataKeys, proofs, 'ignore')
    yield* exec(ctx.db.update(dataKeys).set({ retiredAtMs: null }).where(eq(dataKeys.keyId, sealer.newestKeyId)))
  })
  return sealer
}

/** Notes that no row is sealed with any key but the newest: those may leave the ring now. Returns how many became free. */
export function* retireOldKeys(ctx: UnitContext, newestKeyId: string): Unit<number> {
  const { dataKeys } = ctx.tables
  const isOld = and(ne(dataKeys.keyId, newestKeyId), ne(dataKeys.keyId, fingerprintId), isNull(dataKeys.retiredAtMs))
  return yield* exec(ctx.db.update(dataKeys).set({ retiredAtMs: ctx.now() }).where(isOld))
}
