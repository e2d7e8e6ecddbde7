import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '#shared/ids/random.ts'
import { isPasswordOf } from '#server/identity/check-password.ts'
import { AttemptLimiter } from '#server/identity/attempt-limiter.ts'
import { hashOneTimePassword, hashPassword, isPassword, makeOneTimePassword } from '#server/identity/password.ts'
import { TestClock } from '#tests/support/test-clock.ts'

describe('a password hash', () => {
  it('knows its password, and carries its parameters', async () => {
    const stored = await hashPassword('密码 correct')

    expect(stored).toMatch(/^scrypt\$15\$8\$1\$/)
    expect(await isPassword('密码 correct', stored)).toBe(true)
    expect(await isPassword('密码 Correct', stored)).toBe(false)
    expect(await hashPassword('密码 correct')).not.toBe(stored)
  })

  it('takes the same letters in another composition as the same password', async () => {
    expect(await isPassword('e\u0301', await hashOneTimePassword('\u00e9'))).toBe(true)
  })

  it('costs a guess as much where there is no account, and where a one-time password waits to be used', async () => {
    const [chosen, oneTime] = [await hashPassword('a password'), await hashOneTimePassword('a password')]
    const guess = async (stored: string | undefined) => {
      const costs: string[] = []
      const isGood = await isPasswordOf(stored, 'a password', (password, hash) => {
        costs.push(hash.split('$')[1] ?? '')
        return isPassword(password, hash)
      })
      return [isGood, ...costs]
    }

    expect(await guess(chosen)).toEqual([true, '15'])
    expect(await guess(oneTime)).toEqual([true, '11', '15'])
    expect(await guess(undefined)).toEqual([false, '15'])
    expect(await guess('')).toEqual([false, '', '15'])
  })

  it('says no to what is no hash, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (stored) => {
        expect(await isPassword('x', stored)).toBe(false)
      }),
    )
    expect(await isPassword('x', 'scrypt$31$8$1$AAAA$AAAA')).toBe(false)
  })

  it('is made for passwords that people can read to one another', () => {
    const random = seededRandom(1)
    const made = Array.from({ length: 200 }, () => makeOneTimePassword(random))

    expect(new Set(made).size).toBe(200)
    for (const password of made) expect(password).toMatch(/^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$/)
  })
})

describe('the attempt limiter', () => {
  it('counts per key and forgets after the window, on success, and the oldest when there are too many', () => {
    const clock = new TestClock()
    const limiter = new AttemptLimiter(clock, { maxFailures: 2, windowMs: 1_000 })
    const fail = (key: string, times: number) => {
      for (let count = 0; count < times; count += 1) limiter.fail(key)
    }
    fail('a', 2)
    fail('b', 1)
    expect([limiter.waitMs('a'), limiter.waitMs('b')]).toEqual([1_000, 0])
    clock.advance(400)
    expect(limiter.waitMs('a')).toBe(600)
    clock.advance(600)
    expect(limiter.waitMs('a')).toBe(0)
    fail('a', 2)
    limiter.undo('a')
    expect(limiter.waitMs('a')).toBe(0)
    fail('a', 1)
    limiter.forgive('a')
    expect(limiter.waitMs('a')).toBe(0)
    fail('first', 2)
    for (let key = 0; key < 50_000; key += 1) limiter.fail(`k${key}`)
    expect(limiter.waitMs('first')).toBe(0)
  })
})
