import { expect, it } from 'vitest'
import { NamedTimers } from '#cabinet-agent/named-timers.ts'
import { TestClock } from '#tests/support/test-clock.ts'

it('holds one timer of a name, and none once it has stopped', () => {
  const clock = new TestClock()
  const timers = new NamedTimers<'a' | 'b'>(clock)
  const fired: string[] = []

  timers.set('a', 100, () => fired.push('first a'))
  timers.set('a', 200, () => fired.push('second a'))
  timers.set('b', 300, () => fired.push('b'))
  clock.advance(250)
  expect(fired).toEqual(['second a'])
  expect([timers.has('a'), timers.has('b')]).toEqual([false, true])

  timers.stop()
  timers.set('a', 10, () => fired.push('too late'))
  clock.advance(1_000)

  expect(fired).toEqual(['second a'])
  expect([timers.has('a'), timers.has('b')]).toEqual([false, false])
})
