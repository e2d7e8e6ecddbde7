// What the documents say of the program is what the program says of itself.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { routes } from '#shared/contracts/http/api.ts'
import { describeEnvironment } from '#server/config/server-config.ts'
import { staffAccounts } from '#server/demo/data/accounts.ts'
import { readOptions } from '#server/demo/options.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (name: string) => readFileSync(`${root}${name}`, 'utf8')
const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts

describe('README.md', () => {
  it('lists the environment exactly as `npm run --silent server -- --help` prints it: paste that when it differs', () => {
    expect(read('README.md')).toContain(`\`\`\`text\n${describeEnvironment()}\`\`\``)
  })

  it('names every account of the demo', () => {
    const [accounts = ''] = /Demo accounts are printed.*?demo's folder only/s.exec(read('README.md')) ?? []

    expect(staffAccounts.map(({ login }) => login).filter((login) => !accounts.includes(`\`${login}\``))).toEqual([])
  })

  it('shows a start of the demo that the demo understands', () => {
    const [, args = ''] = /`npm start -- ([^`]+)`/.exec(read('README.md')) ?? []

    expect(readOptions(args.split(' '))).toMatchObject({ port: 9_000, hasShoppers: true, shoppersPerMinute: 30 })
  })
})

/** Whether a document's `PUT /api/host-sites/ID/place` or `/api/forecasts?cabinetId=ID` is a route's. */
function isRoute(method: string | undefined, address: string): boolean {
  const [path = ''] = address.split('?')
  const parts = path.split('/')
  return routes.some((route) => {
    const known = route.path.split('/')
    const fits = known.length === parts.length && known.every((part, i) => part.startsWith(':') || part === parts[i])
    return fits && (method === undefined || method === route.method)
  })
}
const documents = ['/api/openapi.json', '/api/asyncapi.json']

describe.each(['README.md', 'ARCHITECTURE.md', 'SECURITY.md'])('%s', (name) => {
  it('links to files that are there', () => {
    const links = [...read(name).matchAll(/\]\(([^)#:]+)\)/g)].map(([, link = '']) => link)

    expect(links.filter((link) => !existsSync(`${root}${link}`))).toEqual([])
  })

  it('names commands and folders that are there', () => {
    const commands = [...read(name).matchAll(/npm run (?:--silent )?([a-z-]+)/g)].map(([, command = '']) => command)
    const folders = [
      ...read(name).matchAll(/`((?:shared|firmware-bridge|cabinet-agent|server|tests|\.tools|\.ci)\/[\w/.-]*)`/g),
    ]

    expect(commands.filter((command) => !Object.hasOwn(scripts, command))).toEqual([])
    expect(folders.map(([, folder = '']) => folder).filter((folder) => !existsSync(`${root}${folder}`))).toEqual([])
  })

  it('names addresses that the server answers at', () => {
    const addresses = [...read(name).matchAll(/`(?:(GET|POST|PUT|PATCH|DELETE)\s)?(\/api\/[^`\s]+)`/g)]

    expect(
      addresses
        .filter(([, method, address = '']) => !documents.includes(address) && !isRoute(method, address))
        .map(([found]) => found),
    ).toEqual([])
  })
})
