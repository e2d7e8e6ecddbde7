import { describe, expect, it } from 'vitest'
import { helpText, readOptions, UsageError } from '#server/demo/options.ts'

describe('options of npm start', () => {
  it('has a default for everything but the seed, which is the folder’s', () => {
    expect(readOptions([])).toEqual({
      port: 8080,
      dataDirectory: './data',
      hasPlan: true,
      hasShoppers: false,
      shoppersPerMinute: 10,
    })
  })

  it('reads each option', () => {
    const args = ['--port', '9000', '--data', '/tmp/x', '--seed', '7', '--shoppers', '--rate', '30']

    expect(readOptions(args)).toEqual({
      port: 9000,
      dataDirectory: '/tmp/x',
      seed: 7,
      hasPlan: true,
      hasShoppers: true,
      shoppersPerMinute: 30,
    })
  })

  it('knows every option that the help names', () => {
    const named = [...helpText.matchAll(/--([a-z]+)(?: [A-Z]+)? /g)].map(([, name]) => name)

    expect(new Set(named)).toEqual(new Set(['data', 'help', 'port', 'rate', 'seed', 'shoppers']))
    expect(readOptions(['--help'])).toBe('help')
  })

  it.each([
    [['--port', '0']],
    [['--port', '70000']],
    [['--port', 'http']],
    [['--seed', '-1']],
    [['--rate', '61']],
    [['--rate', '1e1']],
    [['--unknown']],
    [['stray']],
  ])('refuses %j', (args) => {
    expect(() => readOptions(args)).toThrow(UsageError)
  })
})
