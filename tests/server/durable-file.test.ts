import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeSecretFile } from '#server/durable-file.ts'
import { makeScratchFolder } from '#tests/support/scratch-folder.ts'

describe('a file of secrets', () => {
  let folder: string
  beforeEach(() => void (folder = makeScratchFolder('huinong-secrets-')))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('is made whole, for its owner only, with the folder it lies in', async () => {
    const path = join(folder, 'data', 'keys.txt')

    await makeSecretFile(path, 'first:key\n')

    expect(readFileSync(path, 'utf8')).toBe('first:key\n')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(folder, 'data'))).toEqual(['keys.txt'])
  })

  it('leaves what another process has made', async () => {
    const path = join(folder, 'keys.txt')
    writeFileSync(path, 'of the other\n')

    await expect(makeSecretFile(path, 'mine\n')).rejects.toMatchObject({ code: 'EEXIST' })

    expect(readFileSync(path, 'utf8')).toBe('of the other\n')
    expect(readdirSync(folder)).toEqual(['keys.txt'])
  })

  it('lets one of many that start at once make it', async () => {
    const path = join(folder, 'keys.txt')

    const made = await Promise.allSettled(Array.from({ length: 2 }, (_, at) => makeSecretFile(path, `of ${at}\n`)))

    const winner = made.findIndex(({ status }) => status === 'fulfilled')
    expect(readFileSync(path, 'utf8')).toBe(`of ${winner}\n`)
  })
})
