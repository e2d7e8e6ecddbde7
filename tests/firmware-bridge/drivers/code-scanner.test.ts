import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCodeScanner } from '#firmware-bridge/drivers/code-scanner.ts'
import { createFramer } from '#firmware-bridge/framing/framer.ts'
import { encodeScannerLine, scannerLineFormat } from '#firmware-bridge/protocols/scanner-line.ts'
import { createTransport } from '#firmware-bridge/transports/port-url.ts'
import { parseVirtualCabinetArguments } from '#firmware-bridge/virtual/virtual-cabinet-options.ts'
import { serveCabinet } from '#firmware-bridge/virtual/serve-cabinet.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { eventually, openTtyPair } from '#tests/support/tty-pair.ts'
import { startVirtualHardware } from '#tests/support/virtual-hardware.ts'

const printable = fc.string({ minLength: 1, maxLength: 400, unit: 'grapheme-ascii' })

describe('lines of a code reader', () => {
  it('come whole out of any cuts, with CR, LF or both at their end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(printable, fc.constantFrom('\r', '\n', '\r\n')), { maxLength: 5 }),
        fc.array(fc.nat(200)),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.map(([text, end]) => text + end).join(''), 'latin1')
          const framer = createFramer(scannerLineFormat)
          const frames: string[] = []
          for (let from = 0, turn = 0; from < bytes.length; turn += 1) {
            const to = from + 1 + (cuts[turn % Math.max(1, cuts.length)] ?? 30)
            for (const framed of framer.push(bytes.subarray(from, to))) {
              if (framed.kind === 'frame') frames.push(framed.frame)
            }
            from = to
          }

          expect(frames).toEqual(lines.map(([text]) => text))
        },
      ),
    )
  })

  it('never carry what a display could not show', () => {
    expect(Buffer.from(encodeScannerLine('离线 OK\u0007')).toString('latin1')).toBe('?? OK?\r\n')
  })
})

describe('a code reader', () => {
  it('reads over a real tty what is held before it, and shows what it is told', async () => {
    await using ttys = await openTtyPair()
    await using boards = await openTtyPair()
    const options = parseVirtualCabinetArguments(['--port', `serial:${boards.far}`, '--scanner', `serial:${ttys.far}`])
    if (options === undefined || 'problems' in options) throw new Error('bad arguments')
    await using served = await serveCabinet(options)
    const settings = { baudRate: 9600, parity: 'none', stopBits: 1 } as const
    const scanner = createCodeScanner(
      createTransport(`serial:${ttys.near}`, settings, systemClock),
      systemClock,
      'scanner',
    )
    const read: string[] = []
    scanner.onCode((text) => read.push(text))
    await scanner.start()

    const code = `HN1:${'%69 VD92EX0'.repeat(31)}`
    served.cabinet.scan(code)
    await eventually('the code', () => read.length === 1)
    scanner.show('PASS OPENED')
    await eventually('the display', () => served.cabinet.scannerDisplay === 'PASS OPENED')

    expect(read).toEqual([code])
    expect(scanner.health()).toEqual({ device: 'scanner', isOnline: true })
    await scanner.stop()
  })

  it('drops noise, counts it, and reads the next code whole', async () => {
    await using world = await startVirtualHardware({ hasScanner: true })
    const { cabinet, hardware, clock } = world
    const read: string[] = []
    hardware.scanner?.onCode((text) => read.push(text))
    const line = cabinet.line('scanner')
    line.fault.junkProbability = 1

    cabinet.scan('FIRST')
    await clock.advanceAsync(10)
    line.fault.junkProbability = 0
    await clock.advanceAsync(1_000)
    cabinet.scan('SECOND')
    await clock.advanceAsync(10)

    expect(read.at(-1)).toBe('SECOND')
    expect(hardware.counters()['scanner']?.replies).toBe(read.length)
  })

  it('is offline while its plug is out', async () => {
    await using world = await startVirtualHardware({ hasScanner: true })
    const { cabinet, hardware, clock } = world
    const health = () => hardware.health().find(({ device }) => device === 'scanner')?.isOnline

    cabinet.setFault({ kind: 'unplugged', line: 'scanner' })
    await clock.advanceAsync(500)
    expect(health()).toBe(false)
    cabinet.clearFaults()
    await clock.advanceAsync(20_000)

    expect(health()).toBe(true)
  })
})
