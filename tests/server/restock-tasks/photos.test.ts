import { describe, expect, it } from 'vitest'
import { restockPhotoMaxBytes } from '#shared/contracts/http/restock-tasks.ts'
import { problem } from '#tests/support/commerce-api.ts'
import { openRestockWorld, type RestockWorld } from '#tests/support/restock-world.ts'
import { pngChunk, tinyPng } from '#tests/support/tiny-images.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects, openTestDatabase } from '#tests/support/test-database.ts'

const png = (shade: number) => new Uint8Array(tinyPng(shade))
/** The same picture, with a word beside it. */
const talking = (shade: number) => new Uint8Array(tinyPng(shade, [pngChunk('tEXt', Buffer.from('GPS'))]))

async function plannedTask(world: RestockWorld): Promise<string> {
  await world.plan()
  return (await world.tasks())[0]?.taskId ?? ''
}

describe.each(dialects)('photos of lanes on %s', (dialect) => {
  it('are kept once under the phone’s id without what is told beside the picture, and seen by staff and the task’s restocker only', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    const { api, anna, ben, operator } = world
    const photo = `/api/restock-tasks/${await plannedTask(world)}/photos/${world.newId()}`

    const first = await api.call('POST', `${photo}?laneId=L01`, anna, talking(1))
    const again = await api.call('POST', `${photo}?laneId=L01`, anna, png(1))
    const other = await api.call('POST', `${photo}?laneId=L01`, anna, png(2))

    expect([first.status, again.status]).toEqual([201, 201])
    expect(problem(other)).toEqual({ code: 'restock_task.photo_conflict', field: 'photoId' })
    expect(problem(await api.call('GET', photo, ben))).toEqual({ code: 'restock_task.photo_unknown' })
    expect(await api.download(photo, operator)).toEqual({ mediaType: 'image/png', bytes: Buffer.from(png(1)) })
  })

  it.each([
    ['no image', new TextEncoder().encode('<svg onload="alert(1)"/>'), 'L01', 422, 'restock_task.photo_wrong'],
    ['an image that was cut off', png(1).subarray(0, 40), 'L01', 422, 'restock_task.photo_wrong'],
    ['a lane that is not in the task', png(1), 'L09', 422, 'restock_task.lane_unknown'],
  ])('are refused: %s', async (_name, bytes, laneId, status, code) => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    const photo = `/api/restock-tasks/${await plannedTask(world)}/photos/${world.newId()}?laneId=${laneId}`

    const reply = await world.api.call('POST', photo, world.anna, bytes)

    expect(reply.status).toBe(status)
    expect(problem(reply).code).toBe(code)
  })

  it('are refused above their size before they are read', async () => {
    const clock = new TestClock()
    await using database = await openTestDatabase(dialect, { clock })
    await using world = await openRestockWorld(database, clock)
    const large = new Uint8Array(restockPhotoMaxBytes + 1)
    large.set(png(0))
    const photo = `/api/restock-tasks/${await plannedTask(world)}/photos/${world.newId()}?laneId=L01`

    const reply = await world.api.call('POST', photo, world.anna, large)

    expect(reply.status).toBe(413)
  })
})
