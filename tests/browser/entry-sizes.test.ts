// What a buyer's phone has to fetch before it shows anything.
import { readFile } from 'node:fs/promises'
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

it('the scripts of the buyer’s entry say first that all of them is wanted at once', async () => {
  const html = await readFile('server/web/dist/buyer/index.html', 'utf8')
  const scripts = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.js)"/g)].map(([, file]) => file ?? '')

  const texts = await Promise.all(scripts.map((file) => readFile(`server/web/dist${file}`, 'utf8')))

  expect(texts.length).toBeGreaterThan(0)
  expect(texts.filter((text) => !text.startsWith('//# allFunctionsCalledOnLoad\n'))).toEqual([])
})

it('a page names beside itself what it loads, and that of a scanned code the replies it will ask for', async () => {
  await using desk = await openDemoDesk()
  const repliesOf = async (path: string, cookie = '') => {
    const response = await fetch(desk.url + path, { headers: { accept: 'text/html', cookie } })
    const files = [...(await response.text()).matchAll(/="(\/assets\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file)
    const links = response.headers.get('link')?.split(', ') ?? []
    const isFile = (link: string) => files.some((file) => link.startsWith(`<${file}>; rel=`))
    expect(links.filter(isFile)).toHaveLength(files.length)
    return links.filter((link) => !isFile(link))
  }

  const shelf = '</api/cabinets/by-code/YB-0001/shelf>; rel=preload; as=fetch; crossorigin'
  expect(await repliesOf('/c/YB-0001')).toEqual([shelf])
  expect(await repliesOf('/c/YB-0001', 'huinong_session=of-somebody')).toEqual([
    shelf,
    '</api/me>; rel=preload; as=fetch; crossorigin',
  ])
  expect(await repliesOf('/c/nothing')).toEqual([])
  expect(await repliesOf('/admin/c/YB-0001')).toEqual([])
}, 120_000)
