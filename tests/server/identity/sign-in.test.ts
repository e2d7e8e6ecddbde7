import { Writable } from 'node:stream'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { makeLogger } from '#server/app.ts'
import { batchJobs } from '#server/batch/jobs.ts'
import { rows } from '#server/db/unit.ts'
import type { Database } from '#server/db/database.ts'
import { DatabaseError } from '#server/db/database-error.ts'
import { findCaller } from '#server/identity/routes.ts'
import { beginSignIn } from '#server/identity/begin-sign-in.ts'
import { hashToken } from '#server/identity/sign-in.ts'
import { findAccount } from '#server/identity/store.ts'
import { startServer, testPassword, type Answer, type TestServer } from '#tests/support/start-server.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { dialects } from '#tests/support/test-database.ts'

const signIn = (server: TestServer, login: string, password: string) =>
  server.anybody.send('POST', '/api/sign-in', { login, password })
const cookieOf = ({ headers }: Answer) => headers.getSetCookie()[0]?.split(';')[0]
const me = (server: TestServer, cookie: string | undefined) => server.callerWith(cookie).send('GET', '/api/me')

describe.each(dialects)('signing in on %s', (dialect) => {
  it('gives a cookie that scripts and other sites cannot use, and of which only a hash is stored', async () => {
    await using server = await startServer({ dialect, environment: { HUINONG_PUBLIC_URL: 'https://cabinets.example' } })
    const person = await server.signIn('buyer')

    const answer = await signIn(server, person.login.toUpperCase(), testPassword)

    const [cookie = ''] = answer.headers.getSetCookie()
    expect(cookie).toMatch(
      /^__Host-huinong_session=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    expect(answer.body).toEqual({
      accountId: person.accountId,
      login: person.login,
      displayName: person.login,
      roles: ['buyer'],
      mustChangePassword: false,
      hasSecondFactor: false,
      mustAddSecondFactor: false,
    })
    const stored = await server.app.ctx.database.read(({ db, tables }) => rows(db.select().from(tables.signIns)))
    expect(JSON.stringify(stored)).not.toContain(cookie.slice(23, 66))
    expect(await me(server, cookieOf(answer))).toMatchObject({ status: 200, body: { login: person.login } })
  })

  it('tells neither which part was wrong nor whether there is such an account', async () => {
    await using server = await startServer({ dialect })
    const person = await server.signIn('buyer')

    const wrong = await signIn(server, person.login, 'wrong password')
    const nobody = await signIn(server, 'nobody-here', testPassword)

    const { requestId: _one, ...wrongBody } = wrong.body
    const { requestId: _other, ...nobodyBody } = nobody.body
    expect(wrong.status).toBe(401)
    expect(wrongBody).toEqual(nobodyBody)
    expect(wrongBody).toMatchObject({ code: 'identity.sign_in_failed' })
  })

  it('leaves in the log who came in and whose account was tried from where, and nothing that was typed', async () => {
    let log = ''
    const kept = new Writable({
      write(line: Buffer, _encoding, done) {
        log += line.toString()
        done()
      },
    })
    await using server = await startServer({ dialect, logger: makeLogger('info', kept) })
    const person = await server.signIn('buyer')
    log = ''

    await signIn(server, person.login, 'a wrong password')
    await signIn(server, 'nobody-here', 'a wrong password')
    await signIn(server, person.login, testPassword)

    const lines = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const { accountId } = person
    const refused = { msg: 'a sign-in was refused', network: '127.0.0.1', code: 'identity.sign_in_failed' }
    const told = lines.filter(({ msg }) => msg === refused.msg || msg === 'signed in')
    expect(told).toMatchObject([
      { ...refused, accountId },
      refused,
      { msg: 'signed in', accountId, hasSecondFactor: false },
    ])
    expect(told[1]?.['accountId']).toBeUndefined()
    expect(log).not.toMatch(/nobody-here|a wrong|battery/)
  })

  it('is refused after five failures, for that login only, until the window has passed', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    const [one, other] = [await server.signIn('buyer'), await server.signIn('buyer')]
    const guesses = await Promise.all(
      Array.from({ length: 8 }, (_, index) => signIn(server, one.login, `guess ${index}`)),
    )
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(5)
    expect(guesses.filter(({ status }) => status === 429)).toHaveLength(3)

    const refused = await signIn(server, one.login, testPassword)

    expect(refused).toMatchObject({ status: 429, body: { code: 'identity.too_many_attempts' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(800)
    expect((await signIn(server, other.login, testPassword)).status).toBe(200)
    clock.advance(900_001)
    expect((await signIn(server, one.login, testPassword)).status).toBe(200)
  })

  it('is refused from an address that fails for many logins', async () => {
    await using server = await startServer({ dialect })
    const person = await server.signIn('buyer')
    await Promise.all(Array.from({ length: 50 }, (_, index) => signIn(server, `guess-${index}`, 'x')))

    expect(await signIn(server, person.login, testPassword)).toMatchObject({ status: 429 })
  })

  it('comes to nothing when the password was changed while it was under way', async () => {
    await using server = await startServer({ dialect })
    const { accountId, ...person } = await server.signIn('buyer')
    const { database } = server.app.ctx
    const account = await database.read((unit) => findAccount(unit, accountId))
    const proof = { accountId, checkedHash: account?.passwordHash ?? '', code: undefined, token: 'a token' }
    const begin = () => database.run((unit) => beginSignIn(unit, server.app.ctx, proof))
    await begin()
    const newPassword = 'another battery staple'

    await person.send('POST', '/api/me/password', { currentPassword: testPassword, newPassword })

    await expect(begin()).rejects.toMatchObject({ code: 'identity.sign_in_failed' })
    const left = await database.read(({ db, tables: { signIns: t } }) =>
      rows(db.select({ hash: t.tokenHash }).from(t).where(eq(t.accountId, accountId))),
    )
    expect(left).toHaveLength(1)
    expect(left).not.toContainEqual({ hash: hashToken(proof.token) })
  })

  it('ends by signing out, by its age, and by closing the account', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock, environment: { HUINONG_SESSION_HOURS: '2' } })
    const admin = await server.signIn('admin')
    const person = await server.signIn('buyer')
    const [first, second] = [
      cookieOf(await signIn(server, person.login, testPassword)),
      cookieOf(await signIn(server, person.login, testPassword)),
    ]

    const out = await server.callerWith(first).send('POST', '/api/sign-out')
    expect([out.status, (await me(server, first)).status, (await me(server, second)).status]).toEqual([204, 401, 200])
    clock.advance(7_200_001)
    expect((await me(server, second)).status).toBe(401)
    const third = cookieOf(await signIn(server, person.login, testPassword))
    const again = await signIn(server, admin.login, testPassword)
    const closing = server
      .callerWith(cookieOf(again))
      .send('PATCH', `/api/accounts/${person.accountId}`, { isActive: false })
    expect((await closing).status).toBe(204)
    expect((await me(server, third)).status).toBe(401)
    expect((await signIn(server, person.login, testPassword)).status).toBe(401)
  })

  it('ends for everybody after the database was put back, one that was ended since the backup too', async () => {
    await using server = await startServer({ dialect })
    const people = [await server.signIn('admin'), await server.signIn('buyer')]
    const { database, clock, sealer, random, config } = server.app.ctx
    const job = batchJobs.find(({ name }) => name === 'after-restore')

    await job?.run({ database, clock, sealer, random, commandKeyFile: config.commandKeyFile }, {}, () => {})

    expect(await Promise.all(people.map(async ({ cookie }) => (await me(server, cookie)).status))).toEqual([401, 401])
  })

  it('lets staff read on while its use cannot be written down', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock, environment: { HUINONG_SECOND_FACTOR_ROLES: 'finance' } })
    const { cookie = '' } = await server.signIn('finance')
    const { ctx } = server.app
    const full: Pick<Database, 'read' | 'run'> = {
      read: (work) => ctx.database.read(work),
      run: () => Promise.reject(new DatabaseError('full', 'database or disk is full')),
    }
    const [name = '', token = ''] = cookie.split('=')
    clock.advance(10 * 60_000)

    const caller = await findCaller({ ...ctx, database: full }, { cookies: { [name]: token } })

    expect(caller?.roles).toEqual(['finance'])
  })

  it('ends for staff when it is not used for a while, and lives to its end when it is', async () => {
    const clock = new TestClock()
    const environment = { HUINONG_SECOND_FACTOR_ROLES: 'finance', HUINONG_STAFF_IDLE_MINUTES: '30' }
    await using server = await startServer({ dialect, clock, environment })
    const [used, unused, buyer] = [
      await server.signIn('finance'),
      await server.signIn('finance'),
      await server.signIn('buyer'),
    ]
    const statusAfter = async (minutes: number, { cookie }: { cookie: string | undefined }) => {
      clock.advance(minutes * 60_000)
      return (await me(server, cookie)).status
    }

    expect([await statusAfter(20, used), await statusAfter(20, used), await statusAfter(0, unused)]).toEqual([
      200, 200, 401,
    ])
    for (let minutes = 40; minutes < 720 - 25; minutes += 25) expect(await statusAfter(25, used)).toBe(200)
    expect([await statusAfter(25, used), await statusAfter(0, buyer)]).toEqual([401, 200])
    // The job's next minute begins when its last run has ended, which may be after this one.
    const leftAfterMinute = () => {
      clock.advance(60_000)
      return server.app.ctx.database.read(({ db, tables }) => rows(db.select().from(tables.signIns)))
    }
    await expect.poll(leftAfterMinute).toHaveLength(1)
  })
})

describe.each(dialects)('a password on %s', (dialect) => {
  it('is changed by who knows it, which ends the other sign-ins', async () => {
    await using server = await startServer({ dialect })
    const person = await server.signIn('buyer')
    const elsewhere = cookieOf(await signIn(server, person.login, testPassword))
    const change = (currentPassword: string, newPassword: string) =>
      person.send('POST', '/api/me/password', { currentPassword, newPassword })

    expect(await change('wrong', 'new password')).toMatchObject({ status: 403, body: { field: 'currentPassword' } })
    expect(await change(testPassword, 'short')).toMatchObject({ status: 422, body: { field: 'newPassword' } })
    expect(await change(testPassword, testPassword)).toMatchObject({ status: 422, body: { field: 'newPassword' } })
    expect((await change(testPassword, 'a new password')).status).toBe(204)

    expect((await me(server, person.cookie)).status).toBe(200)
    expect((await me(server, elsewhere)).status).toBe(401)
    expect((await signIn(server, person.login, testPassword)).status).toBe(401)
    expect((await signIn(server, person.login, 'a new password')).status).toBe(200)
  })

  it('of the first administrator is made once, and has to be changed before anything else', async () => {
    await using server = await startServer({ dialect })
    const { firstAdmin } = server.app
    const answer = await signIn(server, firstAdmin?.login ?? '', firstAdmin?.oneTimePassword ?? '')
    const admin = server.callerWith(cookieOf(answer))

    expect(answer).toMatchObject({ status: 200, body: { mustChangePassword: true, roles: ['admin'] } })
    expect(await admin.send('GET', '/api/accounts')).toMatchObject({
      status: 403,
      body: { code: 'identity.password_must_change' },
    })
    const currentPassword = firstAdmin?.oneTimePassword
    await admin.send('POST', '/api/me/password', { currentPassword, newPassword: 'a password of my own' })
    expect((await admin.send('GET', '/api/accounts')).status).toBe(200)
    await using second = await startServer({ dialect, beside: server })
    expect(second.app.firstAdmin).toBeUndefined()
  })
})
