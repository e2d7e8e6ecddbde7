// Takes a bundle of the agent in and hands it out again.
import { createHash } from 'node:crypto'
import { eq, or } from 'drizzle-orm'
import type { AgentRelease } from '#shared/contracts/mqtt/twin.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { recordAudit } from '../audit/record-audit.ts'
import { insertRows, one, type Unit, type UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'
import { signRelease } from './sign-release.ts'

export interface NewRelease {
  readonly version: string
  readonly bytes: Uint8Array
  readonly byAccountId: Id
  readonly uploadedBy: string
}

/** Refuses with release.taken a version or bytes that are here already. */
export function* keepRelease(ctx: UnitContext, signer: CommandSigner, input: NewRelease) {
  const { agentReleases: t } = ctx.tables
  const { version, byAccountId, uploadedBy } = input
  const bytes = Buffer.from(input.bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const known = yield* one(
    ctx.db
      .select({ version: t.version })
      .from(t)
      .where(or(eq(t.version, version), eq(t.sha256, sha256))),
  )
  if (known !== undefined)
    throw new RefusalError('release.taken', `these are the version or the bytes of ${known.version}`, {
      field: 'version',
    })
  const { signature } = signRelease(signer, { version, sha256, sizeBytes: bytes.length })
  const uploadedAtMs = ctx.now()
  const sizeBytes = bytes.length
  yield* insertRows(t, [{ version, sha256, sizeBytes, bytes, signature, uploadedBy, uploadedAtMs }])
  yield* recordAudit(ctx, {
    accountId: byAccountId,
    action: 'agent_release.kept',
    subjectId: version,
    after: { sha256, sizeBytes },
  })
  return { version, sha256, sizeBytes, uploadedBy, uploadedAtMs }
}

/** Refuses with release.unknown. */
export function* findRelease({ db, tables: { agentReleases: t } }: UnitContext, version: string): Unit<AgentRelease> {
  const found = yield* one(
    db
      .select({ version: t.version, sha256: t.sha256, sizeBytes: t.sizeBytes, signature: t.signature })
      .from(t)
      .where(eq(t.version, version)),
  )
  if (found === undefined) throw new RefusalError('release.unknown', undefined, { field: 'version' })
  return found
}
