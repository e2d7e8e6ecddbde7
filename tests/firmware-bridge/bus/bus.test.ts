import { describe, expect, it } from 'vitest'
import { Bus } from '#firmware-bridge/bus/bus.ts'
import { answersFrom, type Answer, type ExchangeOptions, type Priority } from '#firmware-bridge/bus/exchange.ts'
import { encodeQuery, encodeShort, lock8aShortFormat } from '#firmware-bridge/protocols/lock-8a.ts'
import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import { ScriptedTransport } from '#tests/support/scripted-transport.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { settleBy } from '#tests/support/virtual-hardware.ts'

/** A question about one lock of board 1, at any priority: the shortest exchange there is. */
function ask(lock: number, options: Partial<ExchangeOptions<number>> = {}): ExchangeOptions<number> {
  return {
    priority: 'weight',
    bytes: encodeQuery(1, lock),
    replyTimeoutMs: 100,
    format: answersFrom(lock8aShortFormat, (frame): Answer<number> => {
      const isOurs = frame.head === 0x80 && frame.lock === lock && frame.value !== 0x33
      return isOurs ? { kind: 'reply', reply: frame.value } : { kind: 'other' }
    }),
    ...options,
  }
}

const answerOf = (bytes: Uint8Array) => encodeShort(0x80, 1, bytes[2] ?? 1, 0x11)

async function startBus(options: { isAnswering?: boolean } = {}) {
  const clock = new TestClock()
  const transport = new ScriptedTransport()
  if (options.isAnswering === true) transport.reply = answerOf
  const bus = new Bus({
    name: 'test',
    transport,
    clock,
    baudRate: 9600,
    quietGapMs: 5,
    changeGapMs: 20,
    probeIntervalMs: 1000,
  })
  await bus.start()
  const line = bus.addDevice('board', () => ask(1))
  return { clock, transport, bus, line }
}

async function codeOf(clock: TestClock, promise: Promise<unknown>): Promise<string> {
  try {
    await settleBy(clock, promise)
  } catch (error) {
    if (error instanceof DeviceError) return error.code
    throw error
  }
  return 'no error'
}

describe('bus', () => {
  it('serves by priority, first come first served within one, one at a time', async () => {
    const { clock, transport, line } = await startBus()
    const order: Array<[Priority, number]> = [
      ['weight', 1],
      ['temperature', 2],
      ['weight', 3],
      ['lock-state', 4],
    ]
    const asked = order.map(([priority, lock]) => line.exchange(ask(lock, { priority })))
    const sent = line.send({ priority: 'unlock', bytes: Uint8Array.of(9), deadlineMonotonicMs: 10_000 })
    await clock.advanceAsync(0)
    expect(transport.written).toHaveLength(1)
    transport.reply = answerOf
    transport.say(encodeShort(0x80, 1, 1, 0x11))

    await settleBy(clock, Promise.all([...asked, sent]))

    expect(transport.written.map((bytes) => (bytes.length === 1 ? 'unlock' : bytes[2]))).toEqual([1, 'unlock', 4, 3, 2])
  })

  it('lets no reading wait for ever behind scales that are asked without a pause, and no door behind readings', async () => {
    const { clock, transport, line } = await startBus({ isAnswering: true })
    const keepAsking = async () => {
      while (clock.monotonicMs() < 60_000) await line.exchange(ask(1))
    }
    void keepAsking()
    void keepAsking()
    await clock.advanceAsync(5_000)

    const temperature = line.exchange(ask(2, { priority: 'temperature' }))
    expect(await settleBy(clock, temperature, 2_000)).toBe(0x11)
    const before = transport.written.length
    await settleBy(clock, line.exchange(ask(3, { priority: 'lock-state' })))

    expect(transport.written.slice(before).map((bytes) => bytes[2])).toEqual([3])
  })

  it('keeps the line quiet between frames, longer when another device is addressed', async () => {
    const { clock, transport, bus, line } = await startBus({ isAnswering: true })
    const other = bus.addDevice('other', () => ask(2))
    const writtenAtMs: number[] = []
    transport.reply = (bytes) => {
      writtenAtMs.push(clock.monotonicMs())
      return answerOf(bytes)
    }

    await settleBy(clock, Promise.all([line.exchange(ask(1)), line.exchange(ask(1)), other.exchange(ask(2))]))

    expect(writtenAtMs).toEqual([0, 5, 25])
  })

  it('asks twice more after a miss, and takes the answer when it comes', async () => {
    const { clock, transport, bus, line } = await startBus()
    transport.reply = (bytes) => (transport.written.length < 3 ? undefined : answerOf(bytes))

    expect(await settleBy(clock, line.exchange(ask(1)))).toBe(0x11)

    expect(transport.written).toHaveLength(3)
    expect(bus.counters).toMatchObject({ requests: 3, replies: 1, retries: 2, timeouts: 2 })
  })

  it.each([
    ['nothing comes', [], 'TIMEOUT_NO_REPLY'],
    ['it breaks off', [0x80, 1, 1], 'TIMEOUT_PARTIAL'],
    ['its checksum is wrong', [0x80, 1, 1, 0x11, 0x00], 'CHECKSUM'],
    ['it is no frame', [1, 2, 3, 4], 'FRAME_INVALID'],
    ['it is the request’s own echo', [...encodeQuery(1, 1)], 'REPLY_MISMATCH'],
    ['it answers for another lock', [...encodeShort(0x80, 1, 2, 0x11)], 'REPLY_MISMATCH'],
  ])('says why there was no answer: %s', async (_, bytes, code) => {
    const { clock, transport, line } = await startBus()
    transport.reply = () => (bytes.length === 0 ? undefined : Uint8Array.from(bytes))

    expect(await codeOf(clock, line.exchange(ask(1, { retries: 0 })))).toBe(code)
  })

  it('finds the answer behind an echo, and behind junk that looked like the start of a frame', async () => {
    const { clock, transport, bus, line } = await startBus()
    transport.reply = (bytes) => Uint8Array.from([...bytes, 0x80, 1, ...answerOf(bytes)])

    expect(await settleBy(clock, line.exchange(ask(1, { retries: 0 })))).toBe(0x11)

    expect(bus.counters.discardedBytes).toBe(2)
  })

  it('drops an unlock that waited past its time, unsent', async () => {
    const { clock, transport, line } = await startBus()
    const slow = line.exchange(ask(1, { retries: 0, replyTimeoutMs: 500 }))
    const unlock = line.send({ priority: 'unlock', bytes: Uint8Array.of(9), deadlineMonotonicMs: 200 })
    slow.catch(() => {})

    expect(await codeOf(clock, unlock)).toBe('EXPIRED')

    expect(transport.written).toHaveLength(1)
  })

  it('never takes a late reply for the next answer, and counts it', async () => {
    const { clock, transport, bus, line } = await startBus()
    await codeOf(clock, line.exchange(ask(1, { retries: 0 })))
    const next = line.exchange(ask(2, { retries: 0 }))
    await clock.advanceAsync(60)
    expect(transport.written).toHaveLength(2)
    transport.say(encodeShort(0x80, 1, 1, 0x11))
    transport.say(encodeShort(0x80, 1, 2, 0x00))

    expect(await settleBy(clock, next)).toBe(0x00)

    transport.say(encodeShort(0x80, 1, 2, 0x00))
    expect(bus.counters.lateReplies).toBe(2)
  })

  it('holds a device for gone after ten misses in a row, fails at once, and finds it again by itself', async () => {
    const { clock, transport, bus, line } = await startBus()
    const changes: Array<[boolean, string | undefined]> = []
    bus.onHealthChange(({ isOnline, lastErrorCode }) => changes.push([isOnline, lastErrorCode]))
    for (let read = 0; read < 3; read += 1) await codeOf(clock, line.exchange(ask(1)))
    expect(changes).toEqual([])
    await codeOf(clock, line.exchange(ask(1)))
    expect(changes).toEqual([[false, 'TIMEOUT_NO_REPLY']])
    // Ten times, and once more over a new connection.
    expect(transport.written).toHaveLength(11)

    expect(await codeOf(clock, line.exchange(ask(1)))).toBe('TIMEOUT_NO_REPLY')
    expect(transport.written).toHaveLength(11)
    transport.reply = answerOf
    await clock.advanceAsync(1200)

    expect(changes).toEqual([
      [false, 'TIMEOUT_NO_REPLY'],
      [true, undefined],
    ])
    expect(await settleBy(clock, line.exchange(ask(1)))).toBe(0x11)
  })

  it('connects anew when nobody on the line answers: a dead connection says nothing, a new one does', async () => {
    const { clock, transport, bus, line } = await startBus()
    const other = bus.addDevice('other', () => ask(2))
    transport.reply = (bytes) => (transport.opens > 1 ? answerOf(bytes) : undefined)
    for (let read = 0; read < 4; read += 1) await codeOf(clock, line.exchange(ask(1)))
    expect(transport.opens).toBe(1)

    for (let read = 0; read < 4; read += 1) await codeOf(clock, other.exchange(ask(2)))
    await clock.advanceAsync(100)

    expect({ opens: transport.opens, aborts: transport.aborts }).toEqual({ opens: 2, aborts: 1 })
    expect(bus.health().map(({ isOnline }) => isOnline)).toEqual([true, true])
  })

  it('parks nothing: what was asked while the line is gone fails, and is not sent when it is back', async () => {
    const { clock, transport, bus, line } = await startBus({ isAnswering: true })
    transport.isRefusing = true
    transport.breakOff()

    const refused = line.send({ priority: 'unlock', bytes: Uint8Array.of(9), deadlineMonotonicMs: 1e9 })
    expect(await codeOf(clock, refused)).toBe('TRANSPORT_CLOSED')
    await clock.advanceAsync(3000)
    expect(await codeOf(clock, line.exchange(ask(1)))).toBe('TRANSPORT_OPEN_FAILED')
    transport.isRefusing = false
    await clock.advanceAsync(10_000)

    expect(transport.opens).toBe(2)
    expect(bus.counters.reconnects).toBe(1)
    expect(transport.written.some((bytes) => bytes.length === 1)).toBe(false)
    expect(bus.health()).toEqual([{ device: 'board', isOnline: true }])
  })

  it('a write that the port does not take ends as WRITE_FAILED, one that the line died under as OUTCOME_UNKNOWN', async () => {
    const { clock, transport, line } = await startBus()
    transport.isWriteHanging = true
    const unlock = { priority: 'unlock', bytes: Uint8Array.of(9), deadlineMonotonicMs: 1e9 } as const

    expect(await codeOf(clock, line.send(unlock))).toBe('WRITE_FAILED')
    const dying = line.send(unlock)
    dying.catch(() => {})
    await clock.advanceAsync(10)
    transport.breakOff()

    expect(await codeOf(clock, dying)).toBe('OUTCOME_UNKNOWN')
  })

  it('an exception is an answer: not asked again, and the device is there', async () => {
    const { clock, transport, bus, line } = await startBus({ isAnswering: true })
    const refusing = ask(1, {
      format: answersFrom(lock8aShortFormat, (): Answer<number> => {
        return { kind: 'failure', error: new DeviceError('DEVICE_EXCEPTION', 'no') }
      }),
    })

    expect(await codeOf(clock, line.exchange(refusing))).toBe('DEVICE_EXCEPTION')

    expect(transport.written).toHaveLength(1)
    expect(bus.health()).toEqual([{ device: 'board', isOnline: true }])
  })

  it('ends what waits with CANCELLED when it is closed, and leaves no timer behind', async () => {
    const { clock, bus, line } = await startBus()
    const asked = [line.exchange(ask(1)), line.exchange(ask(2))]
    const ended = Promise.all(asked.map((promise) => codeOf(clock, promise)))
    await bus[Symbol.asyncDispose]()

    expect(await ended).toEqual(['CANCELLED', 'CANCELLED'])
    expect(await codeOf(clock, line.exchange(ask(1)))).toBe('CANCELLED')
    expect(clock.timerCount).toBe(0)
  })

  it('refuses more than it can hold', async () => {
    const { clock, line } = await startBus()
    const asked = Array.from({ length: 300 }, () => codeOf(clock, line.exchange(ask(1, { retries: 0 }))))

    expect((await Promise.all(asked)).filter((code) => code === 'CANCELLED')).toHaveLength(300 - 257)
  })
})
