import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { replaceFile } from '#cabinet-agent/durable-file.ts'
import { makeScratchFolder } from '#tests/support/scratch-folder.ts'

describe('a file that is replaced', () => {
  let folder: string
  beforeEach(() => void (folder = makeScratchFolder('huinong-durable-')))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('is the new one wholly, and nothing is left beside it', () => {
    const file = join(folder, 'identity.json')
    replaceFile(file, 'a long first text')

    replaceFile(file, 'second')

    expect(readFileSync(file, 'utf8')).toBe('second')
    expect(readdirSync(folder)).toEqual(['identity.json'])
  })

  it('that cannot be put in its place leaves nothing beside it', () => {
    const file = join(folder, 'bundle')
    mkdirSync(file)

    expect(() => replaceFile(file, 'new')).toThrow('EISDIR')

    expect(readdirSync(folder)).toEqual(['bundle'])
  })

  it('is closed to others although a draft that a power cut left was open to them', () => {
    const file = join(folder, 'key.pem')
    writeFileSync(`${file}.new`, 'half of an ol', { mode: 0o644 })

    replaceFile(file, 'secret', 0o600)

    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toBe('secret')
  })
})
