import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { obeyHands } from '#firmware-bridge/virtual/hands-console.ts'
import { VirtualCabinet } from '#firmware-bridge/virtual/virtual-cabinet.ts'
import { makeVirtualInstallation } from '#firmware-bridge/virtual/virtual-installation.ts'
import { TestClock } from '#tests/support/test-clock.ts'

function startConsole() {
  const clock = new TestClock()
  const cabinet = new VirtualCabinet({
    installation: makeVirtualInstallation({ laneCount: 2, isOneLine: true }),
    cells: 'good',
    clock,
    random: seededRandom(1),
    items: { L01: [{ itemId: 'a', massMg: 200_000 }] },
  })
  const say = (line: string): unknown => {
    const result = obeyHands(line, cabinet, 'all')
    return result.kind === 'quit' ? 'quit' : result.answer
  }
  return { clock, cabinet, say }
}

describe('hands by the line', () => {
  it('cannot open a locked door or reach through a closed one', () => {
    const { say } = startConsole()

    expect(say('open')).toEqual({ refused: 'the lock holds the door' })
    expect(say('take L01')).toEqual({ refused: 'the door is closed' })
    expect(say('put L01 200')).toEqual({ refused: 'the door is closed' })
  })

  it('takes, puts and closes after the key was turned, and the scale shows it', () => {
    const { clock, cabinet, say } = startConsole()
    expect(say('key')).toEqual({ locked: false })
    expect(say('open')).toEqual({ door: 'open' })
    expect(say('take L01')).toEqual({ taken: { itemId: 'a', massMg: 200_000 } })
    expect(say('take L01')).toEqual({ refused: 'lane L01 holds no such piece' })
    expect(say('put L02 350.5 stone')).toEqual({ put: { itemId: 'stone', massMg: 350_500 } })
    expect(say('close')).toEqual({ door: 'closed' })
    clock.advance(5000)

    expect(cabinet.isLocked).toBe(true)
    const [first, second] = cabinet.view()
    expect(Math.abs(first?.displayed?.grossG ?? NaN)).toBeLessThan(2)
    expect(Math.abs((second?.displayed?.grossG ?? NaN) - 350.5)).toBeLessThan(2)
    expect(say('state')).toMatchObject({ door: 'closed', locked: true, lanes: [{ items: [] }, {}] })
  })

  it('sets and clears every fault it documents', () => {
    const { cabinet, say } = startConsole()
    const faults = [
      'lock-jammed',
      'board-silent lock',
      'board-slow L01 500',
      'echo',
      'bit-flips 0.02',
      'junk 0.5',
      'unplugged',
      'cut-mid-frame',
      'drift L01 5',
      'unstable L01 20',
      'overload L01',
      'underload L02',
    ]
    for (const fault of faults) expect(say(`fault ${fault}`)).toHaveProperty('fault.kind')
    expect(cabinet.faults).toHaveLength(faults.length)

    expect(say('clear lock-jammed')).toHaveProperty('faults')
    expect(cabinet.faults).toHaveLength(faults.length - 1)
    say('clear')

    expect(cabinet.faults).toEqual([])
    expect(cabinet.line('all').isPlugged).toBe(true)
  })

  it.each([
    'dance',
    'fault sorrow',
    'fault board-silent',
    'fault drift L09 1',
    'put',
    'rest L01 heavily',
    'fault toString',
  ])('answers %j with a refusal', (line) => {
    expect(startConsole().say(line)).toHaveProperty('refused')
  })

  it('quits', () => {
    expect(startConsole().say('quit')).toBe('quit')
  })
})
