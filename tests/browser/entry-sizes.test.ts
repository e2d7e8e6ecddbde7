// What a buyer's phone has to fetch before it shows anything.
import { beforeAll, expect, it } from 'vitest'
import { openDemoDesk } from '#tests/support/demo-desk.ts'
import { measureEntry } from '#tests/support/entry-size.ts'
import { buildWeb } from '../../.tools/build-web.mjs'

beforeAll(buildWeb, 120_000)

it('the buyer’s entry is at most 90 kB of six files, as many as a browser asks for at a time', async () => {
  const { files, bytes } = await measureEntry('buyer')

  expect(bytes).toBeLessThanOrEqual(90_000)
  expect(files).toBeLessThanOrEqual(6)
})

it('the page of a scanned code names the reply it will ask for, and no other page does', async () => {
  await using desk = await openDemoDesk()
  const linkOf = async (path: string) => {
    const response = await fetch(desk.url + path, { headers: { accept: 'text/html' } })
    await response.arrayBuffer()
    return response.headers.get('link')
  }

  expect(await linkOf('/c/YB-0001')).toBe('</api/cabinets/by-code/YB-0001/shelf>; rel=preload; as=fetch; crossorigin')
  expect(await linkOf('/c/nothing')).toBeNull()
  expect(await linkOf('/admin/c/YB-0001')).toBeNull()
})
