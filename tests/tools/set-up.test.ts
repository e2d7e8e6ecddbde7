// What runs before every command on a fresh clone: the install happens once however many commands start together, whatever
// an earlier one left behind, and a wrong entry is explained.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'

const tools = fileURLToPath(new URL('../../.tools', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function run(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

/** A clone of a package whose only dependency lies inside it, which the real npm installs without a network. */
async function makeClone() {
  const folder = await mkdtemp(join(tmpdir(), 'huinong-clone-'))
  await mkdir(join(folder, '.tools'))
  for (const name of ['setup.mjs', 'setup-lock.mjs']) await copyFile(join(tools, name), join(folder, '.tools', name))
  await mkdir(join(folder, 'inside'))
  const inside = { name: 'inside', version: '1.0.0' }
  await writeFile(join(folder, 'inside/package.json'), JSON.stringify(inside))
  const about = { name: 'clone', version: '1.0.0', dependencies: { inside: 'file:inside' } }
  await writeFile(join(folder, 'package.json'), JSON.stringify(about))
  const packages = {
    '': about,
    inside: { version: '1.0.0' },
    'node_modules/inside': { resolved: 'inside', link: true },
  }
  const lock = { name: 'clone', version: '1.0.0', lockfileVersion: 3, requires: true, packages }
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock))
  return {
    lock: join(folder, '.setup-lock'),
    setUp: () =>
      run(
        '--input-type=module',
        '--eval',
        `import(${JSON.stringify(join(folder, '.tools/setup.mjs'))}).then((it) => it.setUp())`,
      ),
    rest: async () => (await readdir(folder)).filter((name) => name.startsWith('.setup-lock')),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

const longAgo = new Date('2020-05-01')

describe('the set-up', () => {
  it('installs once when three commands start together', async () => {
    await using clone = await makeClone()

    const ended = await Promise.all([clone.setUp(), clone.setUp(), clone.setUp()])

    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(ended.filter(({ stderr }) => stderr.includes('Installing'))).toHaveLength(1)
    expect(await clone.rest()).toEqual([])
  })

  it.each([
    ['no owner', undefined],
    ['an empty owner', ''],
    ['an owner that is gone', '4194304'],
  ])('takes over an old lock with %s', async (_, pid) => {
    await using clone = await makeClone()
    await mkdir(clone.lock)
    if (pid !== undefined) await writeFile(join(clone.lock, 'pid'), pid)
    await utimes(clone.lock, longAgo, longAgo)

    const { code, stderr } = await clone.setUp()

    expect(code).toBe(0)
    expect(stderr).toContain('Installing')
    expect(await clone.rest()).toEqual([])
  })

  it('says whom it waits for', async () => {
    await using clone = await makeClone()
    await mkdir(clone.lock)
    await writeFile(join(clone.lock, 'pid'), String(process.pid))
    const waiting = clone.setUp()
    setTimeout(() => void rm(clone.lock, { recursive: true }), 2_000)

    const { code, stderr } = await waiting

    expect(code).toBe(0)
    expect(stderr).toContain(`(process ${process.pid}); waiting`)
  })
})

describe("the set-up's lock", () => {
  it('is held by one at a time, and nobody trips over another who lets go of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'huinong-lock-'))
    const rounds = 200
    // Whoever holds it makes a folder that another holder would find there already.
    const program = `
      import { mkdirSync, rmdirSync } from 'node:fs'
      import { releaseLock, takeLock } from ${JSON.stringify(pathToFileURL(join(tools, 'setup-lock.mjs')).href)}
      const [, folder] = process.argv
      const lock = folder + '/lock'
      const inside = folder + '/inside'
      for (let round = 0; round < ${rounds}; round += 1) {
        takeLock(lock, 0)
        mkdirSync(inside)
        rmdirSync(inside)
        releaseLock(lock)
      }`
    const hold = () => run('--input-type=module', '--eval', program, folder)

    const ended = await Promise.all([hold(), hold(), hold()])

    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(await readdir(folder)).toEqual([])
    await rm(folder, { recursive: true })
  })
})

describe('running an entry', () => {
  it.each([
    ['nothing', []],
    ['an option', ['--port', '1']],
    ['a file that is not there', ['server/nothing.ts']],
    ['a file that is no TypeScript', ['package.json']],
  ])('explains itself when given %s', async (_, args) => {
    const { code, stderr } = await run(join(tools, 'run.mjs'), ...args)

    expect(code).toBe(2)
    expect(stderr).toContain('usage: node .tools/run.mjs')
    expect(stderr).not.toContain('    at ')
  })

  it('explains itself when asked', async () => {
    expect(await run(join(tools, 'run.mjs'), '--help')).toMatchObject({ code: 0, stderr: '' })
  })
})
