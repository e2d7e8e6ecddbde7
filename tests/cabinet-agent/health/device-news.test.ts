import { describe, expect, it } from 'vitest'
import { DeviceNews } from '#cabinet-agent/health/device-news.ts'
import type { JournalWrite } from '#cabinet-agent/journal/journal.ts'
import { TestClock } from '#tests/support/test-clock.ts'

function startNews() {
  const clock = new TestClock()
  const told: string[] = []
  const write = ({ events = [] }: JournalWrite) => {
    for (const { type, body } of events) told.push([type, ...Object.values(body)].join(' '))
    return true
  }
  const news = new DeviceNews({ clock, write })
  const say = (isOnline: boolean) => news.note({ device: 'scale L01', isOnline, lastErrorCode: 'CHECKSUM' })
  const flap = (forMs: number, everyMs: number) => {
    for (let passedMs = 0, isOnline = false; passedMs < forMs; passedMs += everyMs, isOnline = !isOnline) {
      say(isOnline)
      clock.advance(everyMs)
    }
  }
  return { clock, news, told, say, flap }
}

describe('which devices answer', () => {
  it('is told as it changes', () => {
    const { clock, told, say } = startNews()

    say(false)
    clock.advance(3_600_000)
    say(true)

    expect(told).toEqual(['device.offline scale L01 CHECKSUM', 'device.online scale L01'])
  })

  it('is told of a line that comes and goes for a week in few words, and what became of it in the end', () => {
    const { clock, told, say, flap } = startNews()

    flap(7 * 86_400_000, 15_000)
    const atLast = told.at(-1)
    say(true)
    clock.advance(600_000)

    expect(told.length).toBeLessThan(10)
    expect([atLast, told.at(-1)]).toEqual(['device.offline scale L01 UNSTEADY', 'device.online scale L01'])
  })

  it('says of a line that stays away for good what is wrong with it', () => {
    const { clock, told, say, flap } = startNews()

    flap(600_000, 15_000)
    say(false)
    clock.advance(600_000)

    expect(told.at(-1)).toBe('device.offline scale L01 CHECKSUM')
  })

  it('says nothing more once it was stopped', () => {
    const { clock, news, told, flap } = startNews()

    flap(600_000, 15_000)
    const before = told.length
    news.stop()
    clock.advance(3_600_000)

    expect(told).toHaveLength(before)
  })
})
