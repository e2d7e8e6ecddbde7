import { describe, expect, it } from 'vitest'
import { systemClock } from '#shared/time/system-clock.ts'
import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import { parseProbeArguments, ProbeArgumentError, runProbe } from '#firmware-bridge/probe/run-probe.ts'
import { serveCabinet } from '#firmware-bridge/virtual/serve-cabinet.ts'
import { parseVirtualCabinetArguments } from '#firmware-bridge/virtual/virtual-cabinet-options.ts'
import { eventually } from '#tests/support/tty-pair.ts'

async function serve(...args: string[]) {
  const options = parseVirtualCabinetArguments(['--port', 'tcp://127.0.0.1:0', '--profile', 'good', ...args])
  if (options === undefined || 'problems' in options) throw new Error('the arguments are wrong')
  return serveCabinet(options)
}

/** What the probe prints. */
async function probe(url: string, ...args: string[]): Promise<unknown> {
  try {
    const request = parseProbeArguments(['--port', url, ...args])
    return request === undefined ? 'help' : await runProbe(request, systemClock)
  } catch (error) {
    if (error instanceof DeviceError || error instanceof ProbeArgumentError) return { error: error.code }
    throw error
  }
}

describe('probe over tcp', () => {
  it.each(['lock-8a', 'lock-cu48', 'lock-cu16', 'lock-wkly'])('%s: status and unlock', async (driver) => {
    await using served = await serve('--lock', driver, '--lanes', '1')

    const before = await probe(served.url, '--driver', driver, 'status')
    const unlocked = await probe(served.url, '--driver', driver, 'unlock', '2')
    const after = await probe(served.url, '--driver', driver, 'status')

    expect(before).toMatchObject({ locks: { 1: 'closed', 2: 'closed' } })
    expect(unlocked).toEqual({ lock: 2, outcome: 'OPENED' })
    expect(after).toMatchObject({ locks: { 1: 'closed', 2: 'open' } })
    expect(served.cabinet.openLocks).toEqual([2])
  })

  it('tells a jammed lock and a silent board', async () => {
    await using served = await serve('--lanes', '1')
    served.cabinet.setFault({ kind: 'lock-jammed' })
    expect(await probe(served.url, '--driver', 'lock-8a', 'unlock', '1')).toEqual({ lock: 1, outcome: 'NOT_OPENED' })

    served.cabinet.setFault({ kind: 'board-silent', board: 'lock' })
    const hurry = ['--profile', '{"replyTimeoutMs":50,"openWindowMs":700}']
    expect(await probe(served.url, '--driver', 'lock-8a', ...hurry, 'unlock', '1')).toEqual({
      lock: 1,
      outcome: 'UNKNOWN',
    })
    expect(await probe(served.url, '--driver', 'lock-8a', ...hurry, 'status')).toEqual({ error: 'TIMEOUT_NO_REPLY' })
  })

  it.each(['scale-sbt', 'scale-dini-dgt', 'scale-mt-sics'])('%s: weigh and zero', async (driver) => {
    await using served = await serve('--scale', driver, '--lanes', '1', '--items', '5')
    // The load was put there this instant: a balance refuses to be zeroed while it still rings.
    await eventually('the load has come to rest', () => served.cabinet.view()[0]?.displayed?.isStable === true)

    const weighed = await probe(served.url, '--driver', driver, 'weigh')
    const zeroed = await probe(served.url, '--driver', driver, 'zero')

    expect(weighed).toMatchObject({ grossG: expect.any(Number), netG: expect.any(Number), stable: true })
    expect(Math.abs((weighed as { grossG: number }).grossG - 1000)).toBeLessThan(60)
    expect(zeroed).toEqual({ zeroed: true })
  })

  it('thermometer and inputs', async () => {
    await using served = await serve('--lanes', '1')

    expect(await probe(served.url, '--driver', 'thermometer-xy-md02', '--address', '101', 'status')).toEqual({
      temperatureC: 4.5,
      humidityPercent: 62,
    })
    expect(await probe(served.url, '--driver', 'input-8', '--address', '102', 'status')).toMatchObject({
      inputs: { 1: false, 8: false },
      door: 'closed',
    })
  })

  it('a port nobody listens on, and a board that is not there', async () => {
    const served = await serve('--lanes', '1')
    const hurry = ['--profile', '{"replyTimeoutMs":30}']
    expect(await probe(served.url, '--driver', 'scale-sbt', '--address', '9', ...hurry, 'weigh')).toEqual({
      error: 'TIMEOUT_NO_REPLY',
    })
    await served[Symbol.asyncDispose]()

    expect(await probe(served.url, '--driver', 'scale-sbt', 'weigh')).toEqual({ error: 'TRANSPORT_OPEN_FAILED' })
  })
})

describe('probe arguments', () => {
  it.each([
    [['status'], /--driver/],
    [['--driver', 'lock-9', 'status'], /--driver is one of lock-8a/],
    [['--driver', 'lock-8a'], /the command is/],
    [['--driver', 'lock-8a', 'unlock'], /number of one lock/],
    [['--driver', 'lock-8a', 'unlock', 'all'], /number of one lock/],
    [['--driver', 'lock-8a', 'unlock', '1', '2'], /number of one lock/],
    [['--driver', 'lock-8a', '--address', '0', 'status'], /address/],
    [['--driver', 'lock-cu48', '--address', '10', 'unlock', '1'], /address/],
    [['--driver', 'scale-sbt', '--baud', 'fast', 'weigh'], /--baud/],
    [['--driver', 'scale-sbt', '--profile', '[1]', 'weigh'], /--profile is not a JSON object/],
    [['--driver', 'scale-sbt', '--profile', '{"colour":1}', 'weigh'], /colour/],
    [['--driver', 'scale-sbt', '--frequency', '1', 'weigh'], /frequency/],
    [['--port', 'tcp://host:99999', '--driver', 'scale-sbt', 'weigh'], /1…65535/],
    [['--port', 'usb:1', '--driver', 'scale-sbt', 'weigh'], /expected serial/],
  ])('%j is refused with a reason', (args, reason) => {
    expect(() => parseProbeArguments(['--port', 'tcp://127.0.0.1:1', ...args])).toThrow(reason)
  })

  it('a lock past the board’s end is refused by the driver, unsent', async () => {
    await using served = await serve('--lanes', '1')

    for (const lock of ['0', '25', '48']) {
      expect(await probe(served.url, '--driver', 'lock-8a', 'unlock', lock)).toEqual({ error: 'UNSUPPORTED' })
    }
    expect(served.cabinet.unlockPulses).toBe(0)
  })

  it('a command that the board’s kind does not have is UNSUPPORTED', async () => {
    await using served = await serve('--lanes', '1')

    expect(await probe(served.url, '--driver', 'lock-8a', 'weigh')).toEqual({ error: 'UNSUPPORTED' })
    expect(await probe(served.url, '--driver', 'scale-sbt', 'unlock', '1')).toEqual({ error: 'UNSUPPORTED' })
    expect(await probe(served.url, '--driver', 'input-8', 'zero')).toEqual({ error: 'UNSUPPORTED' })
  })
})
