import { describe, expect, it } from 'vitest'
import { Bus } from '#firmware-bridge/bus/bus.ts'
import { createLockBoard } from '#firmware-bridge/drivers/lock-board.ts'
import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import { InstallationProfile, LockSettings } from '#firmware-bridge/profile/installation-profile.ts'
import { encodeShort, encodeStates } from '#firmware-bridge/protocols/lock-8a.ts'
import { ScriptedTransport } from '#tests/support/scripted-transport.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { settleBy, startVirtualHardware, type VirtualHardware } from '#tests/support/virtual-hardware.ts'

/** The same cabinet with other habits of its lock board. */
function withLock(settings: Record<string, unknown>) {
  return (installation: InstallationProfile) =>
    InstallationProfile.parse({
      ...installation,
      lock: { ...installation.lock, board: { ...installation.lock.board, ...settings } },
    })
}

function unlock({ hardware, clock, settle }: VirtualHardware, lock = 1, timeToLiveMs = 5000) {
  return settle(hardware.lock.unlock(lock, { deadlineMonotonicMs: clock.monotonicMs() + timeToLiveMs }))
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof DeviceError) return error.code
    throw error
  }
  return 'no error'
}

const boards: Array<[string, Partial<LockSettings>]> = [
  ['8A, silent on open', { driver: 'lock-8a', openReply: 'none' }],
  ['8A, 00 = ok', { driver: 'lock-8a', openReply: '8a-result' }],
  ['8A, reply equal to the request', { driver: 'lock-8a', openReply: '8a-state' }],
  ['8A, open reply that looks like a state', { driver: 'lock-8a', openReply: '80-state' }],
  ['8A, reversed polarity', { driver: 'lock-8a', openBit: 0, openState: '00' }],
  ['8A, three state bytes', { driver: 'lock-8a', stateByteCount: 3 }],
  ['8A, asked for all at once only', { driver: 'lock-8a', stateQuery: 'all' }],
  ['8A, answers lock by lock only', { driver: 'lock-8a', stateQuery: 'each', lockCount: 12 }],
  ['CU48', { driver: 'lock-cu48' }],
  ['CU48, hook switch reversed', { driver: 'lock-cu48', openBit: 1 }],
]

describe.each(boards)('lock board: %s', (_, settings) => {
  const start = () =>
    startVirtualHardware({ lockDriver: settings.driver ?? 'lock-8a', installation: withLock(settings) })

  it('opens the lock it was told, the last one too, and no other', async () => {
    await using world = await start()
    const { hardware, cabinet } = world

    expect(await unlock(world, 1)).toBe('OPENED')
    expect(cabinet.openLocks).toEqual([1])
    expect(await unlock(world, hardware.lock.lockCount)).toBe('OPENED')
    expect(cabinet.openLocks).toEqual([1, hardware.lock.lockCount])
    const states = await world.settle(hardware.lock.readStates())
    expect([...states].flatMap(([lock, state]) => (state === 'open' ? [lock] : []))).toEqual(cabinet.openLocks)
  })

  it('says NOT_OPENED of a jammed lock, line echo or not', async () => {
    await using world = await start()
    world.cabinet.setFault({ kind: 'lock-jammed' })
    expect(await unlock(world)).toBe('NOT_OPENED')

    world.cabinet.setFault({ kind: 'echo', line: 'locks' })
    expect(await unlock(world)).toBe('NOT_OPENED')
  })

  it('sees through the line’s echo', async () => {
    await using world = await start()
    world.cabinet.setFault({ kind: 'echo', line: 'locks' })

    expect(await unlock(world)).toBe('OPENED')
    expect((await world.settle(world.hardware.lock.readStates())).get(1)).toBe('open')
  })

  it('says UNKNOWN of a silent board, though the lock may have opened, even when an echo comes', async () => {
    await using world = await start()
    world.cabinet.setFault({ kind: 'board-silent', board: 'lock' })
    world.cabinet.setFault({ kind: 'echo', line: 'locks' })

    expect(await unlock(world)).toBe('UNKNOWN')
    expect(world.cabinet.openLocks).toEqual([1])
  })

  it('refuses lock 0 and the one past the end: nothing opens', async () => {
    await using world = await start()
    const { hardware, cabinet } = world
    for (const lock of [0, -1, hardware.lock.lockCount + 1, 256, 1.5, Number.NaN]) {
      expect(await codeOf(unlock(world, lock))).toBe('UNSUPPORTED')
    }

    expect(cabinet.openLocks).toEqual([])
  })
})

describe('unlock', () => {
  it('waits for a slow board’s answer within the window', async () => {
    await using world = await startVirtualHardware()
    world.cabinet.setFault({ kind: 'board-slow', board: 'lock', delayMs: 500 })

    expect(await unlock(world)).toBe('OPENED')
  })

  it('is dropped when it could not be sent in time, and nothing opens then or later', async () => {
    await using world = await startVirtualHardware()
    const { hardware, cabinet, clock, settle } = world
    cabinet.setFault({ kind: 'board-silent', board: 'door-input' })
    hardware.doorInput?.readIsOpen().catch(() => {})
    await clock.advanceAsync(1)

    const code = await codeOf(settle(hardware.lock.unlock(1, { deadlineMonotonicMs: clock.monotonicMs() + 100 })))
    await clock.advanceAsync(60_000)

    expect(code).toBe('EXPIRED')
    expect(cabinet.openLocks).toEqual([])
  })

  it('given while the line is out is refused, and not carried out when the line is back', async () => {
    await using world = await startVirtualHardware()
    const { cabinet, clock, hardware } = world
    cabinet.setFault({ kind: 'unplugged', line: 'locks' })
    await clock.advanceAsync(10)
    expect(await codeOf(unlock(world))).toBe('TRANSPORT_CLOSED')
    cabinet.clearFaults('unplugged')
    await clock.advanceAsync(30_000)

    expect(cabinet.openLocks).toEqual([])
    expect(hardware.health().every(({ isOnline }) => isOnline)).toBe(true)
    expect(await unlock(world)).toBe('OPENED')
  })

  it.each([
    { kind: 'lock-jammed' },
    { kind: 'board-silent', board: 'lock' },
    { kind: 'board-slow', board: 'lock', delayMs: 5000 },
    { kind: 'bit-flips', line: 'locks', probability: 0.5 },
    { kind: 'echo', line: 'locks' },
    { kind: 'cut-mid-frame', line: 'locks' },
  ] as const)('is sent once and never again: $kind', async (fault) => {
    await using world = await startVirtualHardware()
    const { cabinet, clock } = world
    cabinet.setFault(fault)
    await unlock(world)
    await clock.advanceAsync(30_000)
    cabinet.clearFaults()
    await clock.advanceAsync(60_000)

    expect(cabinet.unlockPulses).toBe(1)
    expect(cabinet.openLocks).toEqual([])
  })

  it('the lock falls shut again when nobody opens the door', async () => {
    await using world = await startVirtualHardware()
    expect(await unlock(world)).toBe('OPENED')
    await world.clock.advanceAsync(relockMs)

    expect((await world.settle(world.hardware.lock.readStates())).get(1)).toBe('closed')
    expect(world.cabinet.openDoor()).toBe(false)
  })
})

const relockMs = 11_000

describe('an 8A board of unknown habits', () => {
  /** A board that answers one kind of query only, and says so on every line it gets. */
  async function startBoard(answer: (request: Uint8Array, isOpen: boolean) => Uint8Array | undefined) {
    const clock = new TestClock()
    const transport = new ScriptedTransport()
    let isOpen = false
    transport.reply = (bytes) => {
      if (bytes[0] !== 0x8a) return answer(bytes, isOpen)
      isOpen = true
      return undefined
    }
    const bus = new Bus({
      name: 'b',
      transport,
      clock,
      baudRate: 9600,
      quietGapMs: 5,
      changeGapMs: 5,
      probeIntervalMs: 5000,
    })
    await bus.start()
    const board = createLockBoard(LockSettings.parse({ driver: 'lock-8a', lockCount: 30 }), bus, {
      device: 'lock',
      clock,
    })
    const settle = <T>(promise: Promise<T>) => settleBy(clock, promise)
    return { board, settle, clock, transport, deadline: { deadlineMonotonicMs: 60_000 } }
  }

  it.each([
    ['query all', true],
    ['one by one', false],
  ])('that knows %s only is found again after its line was out, and when it was out at the start', async (_, isAll) => {
    let hasPower = true
    const { board, settle, clock, transport } = await startBoard((bytes) => {
      const lock = bytes[2] ?? 0
      if (!hasPower || isAll !== (lock === 0)) return undefined
      return isAll ? encodeStates(1, [0, 0, 0]) : encodeShort(0x80, 1, lock, 0x00)
    })
    hasPower = false
    for (let look = 0; look < 4; look += 1) await codeOf(settle(board.readStates()))
    hasPower = true
    await clock.advanceAsync(20_000)
    expect((await settle(board.readStates())).get(1)).toBe('closed')

    transport.breakOff()
    await clock.advanceAsync(20_000)

    expect((await settle(board.readStates())).get(1)).toBe('closed')
  })

  it('that knows “query all” with three bytes only is read and verified, and a lock beyond them stays UNKNOWN', async () => {
    const { board, settle, deadline } = await startBoard((bytes, isOpen) =>
      bytes[2] === 0 ? encodeStates(1, [isOpen ? 2 : 0, 0, 0]) : undefined,
    )
    expect((await settle(board.readStates())).size).toBe(24)

    expect(await settle(board.unlock(2, deadline))).toBe('OPENED')
    expect(await settle(board.unlock(30, deadline))).toBe('UNKNOWN')
  })

  it('that knows two locks, one by one, is read and verified', async () => {
    const { board, settle, deadline } = await startBoard((bytes, isOpen) => {
      const lock = bytes[2] ?? 0
      return lock === 1 || lock === 2 ? encodeShort(0x80, 1, lock, isOpen && lock === 2 ? 0x11 : 0x00) : undefined
    })
    expect(await settle(board.readStates())).toEqual(
      new Map([
        [1, 'closed'],
        [2, 'closed'],
      ]),
    )

    expect(await settle(board.unlock(2, deadline))).toBe('OPENED')
    expect(await settle(board.unlock(1, deadline))).toBe('NOT_OPENED')
  })
})
