// Photos of lanes: kept under the id the phone gave them, once, if they are images, and without what they tell beside the picture.
import { createHash } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { recordAudit } from '../audit/record-audit.ts'
import { countRows } from '../db/expressions.ts'
import { insertRows, one } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { RefusalError } from '../errors/refusal.ts'
import { seesAll } from './show-tasks.ts'
import type { Worker } from './show-tasks.ts'
import { findLanes, findTask } from './store.ts'
import { stripMetadata, type PhotoType } from './strip-metadata.ts'

export interface NewPhoto {
  readonly taskId: string
  readonly photoId: string
  readonly laneId: string
  readonly bytes: Uint8Array
  readonly worker: Worker
}

/** Photos of one task; more would be no record but an album. */
const maxPhotosPerTask = 100

const signatures = [
  { mediaType: 'image/jpeg', at: 0, bytes: [0xff, 0xd8, 0xff] },
  { mediaType: 'image/png', at: 0, bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { mediaType: 'image/webp', at: 8, bytes: [0x57, 0x45, 0x42, 0x50] },
] as const satisfies ReadonlyArray<{ readonly mediaType: PhotoType; at: number; bytes: readonly number[] }>

/** What an image is by its first bytes, whatever it is called. */
export function mediaTypeOf(bytes: Uint8Array): (typeof signatures)[number]['mediaType'] | undefined {
  const found = signatures.find(({ at, bytes: wanted }) => wanted.every((byte, index) => bytes[at + index] === byte))
  if (found?.mediaType !== 'image/webp') return found?.mediaType
  return [0x52, 0x49, 0x46, 0x46].every((byte, index) => bytes[index] === byte) ? found.mediaType : undefined
}

/**
 * The same photo again changes nothing. Refuses with restock_task.unknown, restock_task.lane_unknown,
 * restock_task.photo_wrong (no image), restock_task.photo_conflict (the id is another photo's) and restock_task.too_many_photos.
 */
export function* keepPhoto(ctx: UnitContext, photo: NewPhoto): Unit<{ photoId: string; bytes: number }> {
  const { restockPhotos: t } = ctx.tables
  const { taskId, photoId, laneId, worker } = photo
  const mediaType = mediaTypeOf(photo.bytes)
  const bytes = mediaType === undefined ? undefined : stripMetadata(photo.bytes, mediaType)
  if (mediaType === undefined || bytes === undefined)
    throw new RefusalError('restock_task.photo_wrong', undefined, { field: 'body' })
  if ((yield* findTask(ctx, taskId)) === undefined) throw new RefusalError('restock_task.unknown')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const isRepeat = yield* isKnown(ctx, photo, sha256)
  if (!isRepeat) {
    yield* requireRoom(ctx, taskId, laneId)
    const kept = { photoId, taskId, laneId, mediaType, sha256, bytes }
    yield* insertRows(t, [{ ...kept, takenBy: worker.accountId, receivedAtMs: ctx.now() }])
  }
  yield* recordAudit(ctx, {
    accountId: worker.accountId,
    action: isRepeat ? 'restock_task.photo_repeated' : 'restock_task.photo_kept',
    subjectId: taskId,
    detail: { photoId, laneId, mediaType, sha256 },
  })
  return { photoId, bytes: bytes.length }
}

function* isKnown(ctx: UnitContext, { photoId, taskId, laneId }: NewPhoto, sha256: string): Unit<boolean> {
  const { restockPhotos: t } = ctx.tables
  const known = yield* one(
    ctx.db.select({ taskId: t.taskId, laneId: t.laneId, sha256: t.sha256 }).from(t).where(eq(t.photoId, photoId)),
  )
  if (known === undefined) return false
  if (known.taskId === taskId && known.laneId === laneId && known.sha256 === sha256) return true
  throw new RefusalError('restock_task.photo_conflict', undefined, { field: 'photoId' })
}

function* requireRoom(ctx: UnitContext, taskId: string, laneId: string): Unit<void> {
  const { restockPhotos: t } = ctx.tables
  if (!(yield* findLanes(ctx, taskId)).some((lane) => lane.laneId === laneId))
    throw new RefusalError('restock_task.lane_unknown', undefined, { field: 'laneId' })
  const kept = yield* one(ctx.db.select({ count: countRows() }).from(t).where(eq(t.taskId, taskId)))
  if ((kept?.count ?? 0) >= maxPhotosPerTask) throw new RefusalError('restock_task.too_many_photos')
}

/** Refuses with restock_task.photo_unknown, also when the task is somebody else's. */
export function* showPhoto(
  ctx: UnitContext,
  worker: Worker,
  { taskId, photoId }: { readonly taskId: string; readonly photoId: string },
) {
  const { restockPhotos: t } = ctx.tables
  const task = yield* findTask(ctx, taskId)
  const mayLook = task !== undefined && (seesAll(worker) || task.restockerId === worker.accountId)
  const found = mayLook
    ? yield* one(
        ctx.db
          .select({ mediaType: t.mediaType, bytes: t.bytes })
          .from(t)
          .where(and(eq(t.photoId, photoId), eq(t.taskId, taskId))),
      )
    : undefined
  if (found === undefined) throw new RefusalError('restock_task.photo_unknown')
  const { mediaType, bytes } = found
  return { bytes: new Uint8Array(bytes), mediaType, fileName: `${photoId}.${mediaType.slice('image/'.length)}` }
}
