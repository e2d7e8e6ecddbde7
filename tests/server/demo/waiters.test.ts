import { describe, expect, it } from 'vitest'
import { createWaiters } from '#server/demo/waiters.ts'
import { TestClock } from '#tests/support/test-clock.ts'

describe('waiters', () => {
  it('answers everyone with the first value that fits', async () => {
    const waiters = createWaiters<number>(new TestClock())
    const even = waiters.wait((value) => value % 2 === 0, 1000)
    const large = waiters.wait((value) => value > 10, 1000)

    for (const value of [1, 2, 4, 11]) waiters.offer(value)

    await expect(even).resolves.toBe(2)
    await expect(large).resolves.toBe(11)
  })

  it('gives up after the time-out', async () => {
    const clock = new TestClock()
    const waiting = createWaiters<number>(clock).wait(() => true, 1000, 'a number')

    clock.advance(1000)

    await expect(waiting).rejects.toThrow('a number did not come within 1000 ms')
  })

  it('rejects only those with the tag', async () => {
    const waiters = createWaiters<number>(new TestClock())
    const tagged = waiters.wait(() => true, 1000, 'take')
    const other = waiters.wait(() => true, 1000, 'put')

    waiters.rejectTagged('take', new Error('the door is closed'))
    waiters.offer(1)

    await expect(tagged).rejects.toThrow('the door is closed')
    await expect(other).resolves.toBe(1)
  })

  it('rejects those who wait and those who come later once it has ended', async () => {
    const waiters = createWaiters<number>(new TestClock())
    const waiting = waiters.wait(() => true, 1000)

    waiters.end(new Error('closed'))

    await expect(waiting).rejects.toThrow('closed')
    await expect(waiters.wait(() => true, 1000)).rejects.toThrow('closed')
  })
})
