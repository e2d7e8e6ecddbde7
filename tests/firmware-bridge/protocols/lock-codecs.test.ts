import { describe, expect, it } from 'vitest'
import { createFramer, type FrameFormat } from '#firmware-bridge/framing/framer.ts'
import {
  encodeOpen,
  encodeQuery,
  encodeQueryAll,
  encodeShort,
  encodeStates,
  lock8aShortFormat,
  lock8aStatesFormat,
  stateBitOf,
} from '#firmware-bridge/protocols/lock-8a.ts'
import {
  cu16RequestFormat,
  cu16StateFormat,
  encodeCu16State,
  encodeCu16StateRequest,
  encodeCu16Unlock,
} from '#firmware-bridge/protocols/lock-cu16.ts'
import {
  cu48BitOf,
  cu48RequestFormat,
  cu48StatusFormat,
  encodeStatus,
  encodeStatusRequest,
  encodeUnlock,
} from '#firmware-bridge/protocols/lock-cu48.ts'
import {
  encodeWkly,
  encodeWklyOpen,
  encodeWklyQuery,
  encodeWklyQueryAll,
  wklyFormat,
} from '#firmware-bridge/protocols/lock-wkly.ts'
import { cu16Vectors, cu48Vectors, hex, lock8aVectors, wklyVectors } from '#tests/fixtures/hardware-vectors.ts'

function only<Frame>(format: FrameFormat<Frame>, text: string): Frame {
  const out = createFramer(format).push(hex(text))
  const [first] = out
  if (out.length !== 1 || first?.kind !== 'frame') throw new Error(`${text} is not one frame`)
  return first.frame
}

describe('8A / 80 vectors', () => {
  it('opens 1…12 on board 1, and lock 1 on board 2, as published', () => {
    expect(lock8aVectors.openBoard1.map((_, index) => encodeOpen(1, index + 1))).toEqual(
      lock8aVectors.openBoard1.map(hex),
    )
    expect(encodeOpen(2, 1)).toEqual(hex(lock8aVectors.openLock1Board2))
  })

  it('queries one lock and all', () => {
    expect(encodeQuery(1, 1)).toEqual(hex(lock8aVectors.queryLock1))
    expect(encodeQuery(2, 1)).toEqual(hex(lock8aVectors.queryLock1Board2))
    expect(encodeQueryAll(1)).toEqual(hex(lock8aVectors.queryAllBoard1))
  })

  it.each([
    [lock8aVectors.lock1Is00, { head: 0x80, address: 1, lock: 1, value: 0x00 }],
    [lock8aVectors.lock1Is11, { head: 0x80, address: 1, lock: 1, value: 0x11 }],
    [lock8aVectors.board2Lock1Is11, { head: 0x80, address: 2, lock: 1, value: 0x11 }],
    [lock8aVectors.board2Lock1Is00, { head: 0x80, address: 2, lock: 1, value: 0x00 }],
    [lock8aVectors.pushPressed, { head: 0x81, address: 1, lock: 1, value: 0x11 }],
    [lock8aVectors.pushReleased, { head: 0x81, address: 1, lock: 1, value: 0x00 }],
  ] as const)('reads %s and writes it again', (text, frame) => {
    expect(only(lock8aShortFormat, text)).toEqual({ kind: 'short', ...frame })
    expect(encodeShort(frame.head, frame.address, frame.lock, frame.value)).toEqual(hex(text))
  })

  it('reads all states with four bytes and with three, told how many or not', () => {
    const four = { kind: 'states', address: 1, states: [255, 255, 255, 255] }
    const three = { kind: 'states', address: 1, states: [255, 255, 255] }

    expect(only(lock8aStatesFormat([4]), lock8aVectors.allFour)).toEqual(four)
    expect(only(lock8aStatesFormat([3]), lock8aVectors.allThree)).toEqual(three)
    expect(only(lock8aStatesFormat([3, 4]), lock8aVectors.allFour)).toEqual(four)
    expect(only(lock8aStatesFormat([3, 4]), lock8aVectors.allThree)).toEqual(three)
    expect(encodeStates(1, [255, 255, 255, 255])).toEqual(hex(lock8aVectors.allFour))
    expect(encodeStates(1, [255, 255, 255])).toEqual(hex(lock8aVectors.allThree))
  })

  it('carries the highest locks first: the last state byte holds locks 1–8, bit 0 the lowest', () => {
    const frame = only(lock8aStatesFormat([4]), '80 01 80 00 00 05 33 37')

    if (frame.kind !== 'states') throw new Error('not a states frame')
    expect([1, 2, 3, 9, 31, 32].map((lock) => stateBitOf(frame, lock))).toEqual([1, 0, 1, 0, 0, 1])
  })
})

describe('CU48 vectors', () => {
  it('asks and unlocks as published', () => {
    expect(encodeStatusRequest(0)).toEqual(hex(cu48Vectors.statusBoard0))
    expect(encodeUnlock(0, 1)).toEqual(hex(cu48Vectors.unlockBoard0Lock1))
  })

  it('reads the status: locks 1, 2, 3, 47 and 48 are set', () => {
    const status = only(cu48StatusFormat, cu48Vectors.statusBoard0Reply)

    const set = Array.from({ length: 48 }, (_, index) => index + 1).filter((lock) => cu48BitOf(status, lock) === 1)
    expect(set).toEqual([1, 2, 3, 47, 48])
    expect(encodeStatus(status)).toEqual(hex(cu48Vectors.statusBoard0Reply))
    expect(cu48BitOf(only(cu48StatusFormat, cu48Vectors.statusBoard1Reply), 24)).toBe(1)
  })

  it('the board’s ear understands the forms for all boards and all locks, which we never say', () => {
    expect(only(cu48RequestFormat, cu48Vectors.statusAllBoards)).toMatchObject({ address: 10, command: 'status' })
    expect(cu48Vectors.unlockAll.map((text) => only(cu48RequestFormat, text))).toEqual([
      { address: 0, wireLock: 0x30, command: 'unlock' },
      { address: 10, wireLock: 0x30, command: 'unlock' },
    ])
  })
})

describe('CU16 vectors', () => {
  it('asks and unlocks as published', () => {
    expect(encodeCu16StateRequest(0)).toEqual(hex(cu16Vectors.stateBoard0))
    expect(encodeCu16StateRequest(1)).toEqual(hex(cu16Vectors.stateBoard1))
    expect(encodeCu16Unlock(0, 1)).toEqual(hex(cu16Vectors.unlockLock1))
    expect(encodeCu16Unlock(0, 16)).toEqual(hex(cu16Vectors.unlockLock16))
    expect(encodeCu16Unlock(1, 1)).toEqual(hex(cu16Vectors.unlockBoard1Lock1))
  })

  it('reads back the state it writes', () => {
    const state = { board: 3, locks: 0x8001, sensors: 0x0102 }

    const [framed] = createFramer(cu16StateFormat).push(encodeCu16State(state))

    expect(framed).toEqual({ kind: 'frame', frame: state })
  })

  it.each(cu16Vectors.wrong)('refuses %s, which was printed with a wrong sum', (text) => {
    const out = createFramer(cu16RequestFormat).push(hex(text))

    expect(out.some(({ kind }) => kind === 'frame')).toBe(false)
    expect(out[0]).toMatchObject({ kind: 'discarded', reason: 'checksum' })
  })
})

describe('WKLY vectors', () => {
  it('opens and queries as published', () => {
    expect(encodeWklyOpen(0, 1)).toEqual(hex(wklyVectors.open1))
    expect(encodeWklyQuery(0, 1)).toEqual(hex(wklyVectors.query1))
    expect(encodeWklyQueryAll(0)).toEqual(hex(wklyVectors.queryAll))
  })

  it.each([
    [wklyVectors.open1Reply, { address: 0, command: 'open', data: hex('00 01 00') }],
    [wklyVectors.query1Reply, { address: 0, command: 'query', data: hex('00 01 00') }],
    [wklyVectors.queryAllReply, { address: 0, command: 'queryAll', data: hex('00 04 00 01 01 00') }],
    [wklyVectors.doorPush, { address: 0, command: 'doorPush', data: hex('01 01') }],
  ] as const)('reads %s and writes it again', (text, frame) => {
    expect(only(wklyFormat, text)).toEqual(frame)
    expect(encodeWkly(frame)).toEqual(hex(text))
  })
})

describe('“open all” cannot be said', () => {
  it.each([
    ['8A lock 0', () => encodeOpen(1, 0)],
    ['8A board 0', () => encodeOpen(0, 1)],
    ['8A lock 65', () => encodeOpen(1, 65)],
    ['CU48 lock 0 (−1 on the wire)', () => encodeUnlock(0, 0)],
    ['CU48 lock 49 (30h on the wire)', () => encodeUnlock(0, 49)],
    ['CU48 board 10', () => encodeUnlock(10, 1)],
    ['CU16 lock 0', () => encodeCu16Unlock(0, 0)],
    ['CU16 lock 17 (the next board’s first)', () => encodeCu16Unlock(0, 17)],
    ['CU16 board 16', () => encodeCu16Unlock(16, 1)],
    ['WKLY lock 0', () => encodeWklyOpen(0, 0)],
    ['half a lock', () => encodeOpen(1, 1.5)],
    ['no number', () => encodeUnlock(0, Number.NaN)],
  ])('%s', (_, encode) => {
    expect(encode).toThrow(RangeError)
  })

  it('both ends of every range are what they should be, and nothing in it is a form for all', () => {
    expect(encodeUnlock(0, 48)).toEqual(hex('02 00 2F 51 03 85'))
    expect(encodeOpen(1, 64)).toEqual(hex('8A 01 40 11 DA'))
    const forbidden = new Set([lock8aVectors.openAll, ...cu48Vectors.unlockAll].map((text) => hex(text).join()))
    for (let board = 0; board <= 9; board += 1) {
      for (let lock = 1; lock <= 48; lock += 1) expect(forbidden.has(encodeUnlock(board, lock).join())).toBe(false)
    }
    for (let board = 1; board <= 63; board += 1) {
      for (let lock = 1; lock <= 64; lock += 1) expect(encodeOpen(board, lock)[2]).toBe(lock)
    }
  })
})
