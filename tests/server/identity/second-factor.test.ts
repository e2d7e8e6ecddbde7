// The second factor from the first scan to the lost phone. Codes are computed here by the library's other side and, once, by
// the vectors of RFC 6238.
import { Secret, TOTP } from 'otpauth'
import { describe, expect, it } from 'vitest'
import { rows } from '#server/db/unit.ts'
import { findStep } from '#server/identity/second-factor.ts'
import { type Person, startServer, testPassword, type TestServer } from '#tests/support/start-server.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects } from '#tests/support/test-database.ts'

const environment = { HUINONG_SECOND_FACTOR_ROLES: 'admin,finance' }
const stepMs = 30_000

const codeAt = (secret: string, clock: TestClock, steps = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: clock.now() + steps * stepMs })
const signIn = (server: TestServer, login: string, code?: string) =>
  server.anybody.send('POST', '/api/sign-in', {
    login,
    password: testPassword,
    ...(code === undefined ? {} : { code }),
  })

/** Gives a person an authenticator; the clock stands one step after the code that confirmed it. */
async function addFactor(person: Person, clock: TestClock) {
  const begun = await person.send('POST', '/api/me/second-factor', { currentPassword: testPassword })
  const { secret } = begun.body as { secret: string }
  const confirmed = await person.send('POST', '/api/me/second-factor/confirmation', { code: codeAt(secret, clock) })
  expect(confirmed).toMatchObject({ status: 201 })
  clock.advance(stepMs)
  return { secret, begun, recoveryCodes: confirmed.body['recoveryCodes'] as string[] }
}

it('computes the codes of RFC 6238, appendix B (its last six digits)', () => {
  const secret = new Secret({ buffer: new TextEncoder().encode('12345678901234567890').buffer }).base32

  const steps = [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_234_567_890, '005924'],
    [20_000_000_000, '353130'],
  ].map(([seconds, code]) => findStep(secret, String(code), Number(seconds) * 1_000))

  expect(steps).toEqual([59, 1_111_111_109, 1_234_567_890, 20_000_000_000].map((seconds) => Math.floor(seconds / 30)))
})

describe.each(dialects)('a second factor on %s', (dialect) => {
  it('is demanded of the roles that are named, and of nobody else', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock, environment })
    const [admin, operator] = [await server.signIn('admin'), await server.signIn('operator')]

    const before = await admin.send('GET', '/api/accounts')
    await addFactor(admin, clock)
    const after = await admin.send('GET', '/api/accounts')

    expect(before).toMatchObject({ status: 403, body: { code: 'identity.second_factor_must_add' } })
    expect(after.status).toBe(200)
    expect((await operator.send('GET', '/api/cabinets')).status).toBe(200)
  })

  it('is asked for at the sign-in, good once, within one step of the clock', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock, environment })
    const admin = await server.signIn('admin')
    const { secret } = await addFactor(admin, clock)
    clock.advance(10 * stepMs)
    const tryCode = async (steps: number) => {
      const { status, body } = await signIn(server, admin.login, codeAt(secret, clock, steps))
      return status === 200 ? 'in' : body['code']
    }

    expect(await signIn(server, admin.login)).toMatchObject({ body: { code: 'identity.second_factor_needed' } })
    expect(await tryCode(-2)).toBe('identity.second_factor_wrong')
    expect(await tryCode(0)).toBe('in')
    expect(await tryCode(0)).toBe('identity.second_factor_wrong')
    expect(await tryCode(-1)).toBe('identity.second_factor_wrong')
    expect(await tryCode(1)).toBe('in')
  })

  it('makes a sign-in end after a working day', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock, environment })
    const [admin, buyer] = [await server.signIn('admin'), await server.signIn('buyer')]

    clock.advance(12 * 3_600_000 + 1)

    expect((await admin.send('GET', '/api/me')).status).toBe(401)
    expect((await buyer.send('GET', '/api/me')).status).toBe(200)
  })

  it('cannot be guessed: five wrong codes close the login, and asking for the code forgives none', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock, environment })
    const admin = await server.signIn('admin')
    const { secret } = await addFactor(admin, clock)
    const wrong = String((Number(codeAt(secret, clock)) + 500_000) % 1_000_000).padStart(6, '0')

    const answers = []
    for (let guess = 0; guess < 6; guess += 1) {
      await signIn(server, admin.login)
      answers.push((await signIn(server, admin.login, wrong)).status)
    }

    expect(answers).toEqual([403, 403, 403, 403, 403, 429])
  })

  it('ends the other sessions when it comes, keeps its secret sealed and recovery codes as hashes', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock, environment })
    const admin = await server.signIn('admin')
    const other = await signIn(server, admin.login)
    const [otherCookie] = other.headers.getSetCookie()[0]?.split(';') ?? []

    const { secret, recoveryCodes, begun } = await addFactor(admin, clock)

    expect(begun.body['otpauthUrl']).toContain(`secret=${secret}`)
    expect((await server.callerWith(otherCookie).send('GET', '/api/me')).status).toBe(401)
    expect(await admin.send('GET', '/api/me')).toMatchObject({ status: 200, body: { hasSecondFactor: true } })
    const kept = await server.app.ctx.database.read(function* ({ db, tables }) {
      return [yield* rows(db.select().from(tables.secondFactors)), yield* rows(db.select().from(tables.recoveryCodes))]
    })
    expect(JSON.stringify(kept)).not.toContain(secret)
    expect(recoveryCodes).toHaveLength(10)
    for (const code of recoveryCodes) expect(JSON.stringify(kept)).not.toContain(code.replaceAll('-', ''))
  })

  it('is replaced by a recovery code, each once', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock, environment })
    const admin = await server.signIn('admin')
    const { recoveryCodes } = await addFactor(admin, clock)
    const [code = ''] = recoveryCodes

    const [first, again] = [
      await signIn(server, admin.login, code.toLowerCase()),
      await signIn(server, admin.login, code),
    ]

    expect([first.status, again.status]).toEqual([200, 403])
  })

  it('is given up with a code of it only, and taken off somebody else by an administrator with a reason', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock, environment })
    const [admin, finance] = [await server.signIn('admin'), await server.signIn('finance')]
    const { secret } = await addFactor(admin, clock)
    await addFactor(finance, clock)
    const remove = (code: string) =>
      admin.send('POST', '/api/me/second-factor/removal', { currentPassword: testPassword, code })
    const removeOf = (accountId: string) =>
      admin.send('POST', `/api/accounts/${accountId}/second-factor/removal`, { reason: '手机丢失' })

    expect(await removeOf(admin.accountId)).toMatchObject({ status: 403, body: { code: 'identity.second_factor_own' } })
    expect((await removeOf(finance.accountId)).status).toBe(204)
    expect(await removeOf(finance.accountId)).toMatchObject({ body: { code: 'identity.second_factor_none' } })
    expect((await finance.send('GET', '/api/me')).status).toBe(401)
    expect(await signIn(server, finance.login)).toMatchObject({ status: 200, body: { mustAddSecondFactor: true } })
    expect((await remove('AAAA-AAAA-AAAA-AAAA')).status).toBe(403)
    expect((await remove(codeAt(secret, clock))).status).toBe(204)
    expect(await admin.send('GET', '/api/accounts')).toMatchObject({ status: 403 })
  })

  it('does not count before it was confirmed, nor can a borrowed session add one without the password', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock, environment })
    const admin = await server.signIn('admin')

    const borrowed = await admin.send('POST', '/api/me/second-factor', { currentPassword: 'not it' })
    await admin.send('POST', '/api/me/second-factor', { currentPassword: testPassword })

    expect(borrowed).toMatchObject({ status: 403, body: { code: 'identity.password_wrong' } })
    expect(await signIn(server, admin.login)).toMatchObject({ status: 200, body: { hasSecondFactor: false } })
  })
})

describe.each(dialects)('the own sign-ins on %s', (dialect) => {
  it('are listed, and ended one by one, nobody else’s', async () => {
    await using server = await startServer({ dialect })
    const [one, other] = [await server.signIn('buyer'), await server.signIn('buyer')]
    await signIn(server, one.login)
    const list = async (person: Person) =>
      (await person.send('GET', '/api/me/sign-ins')).body['rows'] as Array<{ signInId: string; isThisOne: boolean }>
    const elsewhere = (await list(one)).find(({ isThisOne }) => !isThisOne)?.signInId ?? ''

    const [foreign, own] = [
      await other.send('DELETE', `/api/me/sign-ins/${elsewhere}`),
      await one.send('DELETE', `/api/me/sign-ins/${elsewhere}`),
    ]

    expect([foreign.status, own.status]).toEqual([404, 204])
    expect(await list(one)).toMatchObject([{ isThisOne: true }])
  })
})
