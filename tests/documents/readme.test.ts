// What the documents say of the program is what the program says of itself.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
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

describe.each(['README.md', 'ARCHITECTURE.md'])('%s', (name) => {
  it('links to files that are there', () => {
    const links = [...read(name).matchAll(/\]\(([^)#:]+)\)/g)].map(([, link = '']) => link)

    expect(links.filter((link) => !existsSync(`${root}${link}`))).toEqual([])
  })

  it('names commands and folders that are there', () => {
    const commands = [...read(name).matchAll(/npm run (?:--silent )?([a-z-]+)/g)].map(([, command = '']) => command)
    const folders = [...read(name).matchAll(/`((?:shared|firmware-bridge|cabinet-agent|server|tests)\/[\w/-]*)`/g)]

    expect(commands.filter((command) => !Object.hasOwn(scripts, command))).toEqual([])
    expect(folders.map(([, folder = '']) => folder).filter((folder) => !existsSync(`${root}${folder}`))).toEqual([])
  })
})
