import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { afterTrial, compareVersions, maxStarts } from '#cabinet-agent/releases/release-rules.ts'
import { ReleaseStore } from '#cabinet-agent/releases/release-store.ts'
import { restartExitCode, runTrial } from '#cabinet-agent/releases/run-trial.ts'
import { makeScratchFolder } from '#tests/support/scratch-folder.ts'

const sha256 = 'a'.repeat(64)

/** Stages code as release 0.2.0 over 0.1.5, and runs it as a process. */
async function tryOut(code: string, trialMs = 20_000, signal = new AbortController().signal) {
  const store = new ReleaseStore(makeScratchFolder('huinong-trial-'))
  store.stage('0.1.5', 'b'.repeat(64), Buffer.from(''))
  store.confirm()
  store.stage('0.2.0', sha256, Buffer.from(code))
  const trial = store.trial()
  if (trial === undefined) throw new Error('nothing is on trial')
  const exitCode = await runTrial({ store, trial, trialMs, args: [store.folder], signal })
  return { store, exitCode }
}

const confirm = `import { rmSync } from 'node:fs'
rmSync(process.argv[2] + '/trial.json')
`

describe('code on trial', () => {
  it('stays when it proved itself, whatever it ends with later', async () => {
    const { store, exitCode } = await tryOut(`${confirm}process.exit(75)`)

    expect(exitCode).toBe(75)
    expect(store.current()).toBe('0.2.0')
    expect(store.refused()).toBeUndefined()
  })

  it('that proved itself is not blamed for the next release, which it put on trial', async () => {
    const next = JSON.stringify({ version: '0.3.0', sha256, previous: '0.2.0', starts: 0 })
    const { store, exitCode } = await tryOut(`import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
const folder = process.argv[2]
rmSync(folder + '/trial.json')
writeFileSync(folder + '/trial.json', ${JSON.stringify(next)})
rmSync(folder + '/current')
symlinkSync('0.3.0', folder + '/current')
process.exit(75)`)

    expect(exitCode).toBe(75)
    expect(store.trial()).toMatchObject({ version: '0.3.0', previous: '0.2.0', starts: 0 })
    expect(store.refused()).toBeUndefined()
  })

  it('that crashes is started three times, then what ran before is back', async () => {
    const { store, exitCode } = await tryOut(`import { appendFileSync } from 'node:fs'
appendFileSync(process.argv[2] + '/starts', '.')
process.exit(3)`)

    expect(readFileSync(`${store.folder}/starts`, 'utf8')).toHaveLength(maxStarts)
    expect(exitCode).toBe(restartExitCode)
    expect(store.current()).toBe('0.1.5')
    expect(store.trial()).toBeUndefined()
    expect(store.refused()).toEqual({ version: '0.2.0', sha256, code: 'not_healthy', reason: 'it ended with 3' })
  })

  it('that hangs is ended when its time is up', async () => {
    const { store, exitCode } = await tryOut('for (;;) {}', 1_000)

    expect(exitCode).toBe(restartExitCode)
    expect(store.current()).toBe('0.1.5')
    expect(store.refused()?.reason).toBe('it did not reach the server in time')
  })

  it('goes on being on trial when the supervisor ends it', async () => {
    const stopping = new AbortController()
    setTimeout(() => stopping.abort(), 500)

    const { store, exitCode } = await tryOut('setInterval(() => {}, 1_000)', 20_000, stopping.signal)

    expect(exitCode).toBe(0)
    expect(store.trial()).toMatchObject({ version: '0.2.0', starts: 1 })
  })

  it('is never started more often than allowed, and kept only when confirmed', () => {
    const ends = fc.record({
      isConfirmed: fc.boolean(),
      wasStopped: fc.boolean(),
      isTimeUp: fc.boolean(),
      starts: fc.integer({ min: 1, max: 9 }),
    })
    const isSound = fc.property(ends, (end) => {
      const next = afterTrial(end)
      if (end.isConfirmed) return next === 'end'
      return next === 'again' ? end.starts < maxStarts : next === 'go-back' || end.wasStopped
    })

    expect(fc.check(isSound).failed).toBe(false)
  })

  it('has a version that is compared number by number', () => {
    expect(['0.10.0', '0.2.0', '1.0.0', '0.9.9'].toSorted(compareVersions)).toEqual([
      '0.2.0',
      '0.9.9',
      '0.10.0',
      '1.0.0',
    ])
  })
})
