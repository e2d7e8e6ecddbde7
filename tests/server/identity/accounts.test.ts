import { describe, expect, it } from 'vitest'
import { one, rows } from '#server/db/unit.ts'
import { countRows } from '#server/db/expressions.ts'
import { addAccounts } from '#server/identity/add-accounts.ts'
import { hashPassword } from '#server/identity/password.ts'
import { findNumbers } from '#tests/support/number-scan.ts'
import { newId } from '#tests/support/test-cabinet.ts'
import { TestClock } from '#tests/support/test-clock.ts'
import { startServer, testPassword, type Person, type TestServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'

const countAccounts = ({ app }: TestServer) =>
  app.ctx.database.read(({ db, tables }) => one(db.select({ count: countRows() }).from(tables.accounts)))

describe.each(dialects)('accounts on %s', (dialect) => {
  it('are imported with one-time passwords that work once shown', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')

    const answer = await admin.send('POST', '/api/accounts/import', {
      accounts: [
        { login: 'Wang.Wu', displayName: '王五', roles: ['restocker', 'operator'] },
        { login: 'zhao-6', displayName: '赵六', roles: ['farmer'], householdCode: '5001121422010001' },
      ],
    })

    expect(answer.status).toBe(201)
    const [first, second] = answer.body['accounts'] as Array<{ login: string; oneTimePassword: string }>
    expect([first?.login, second?.login]).toEqual(['wang.wu', 'zhao-6'])
    const signIn = await server.anybody.send('POST', '/api/sign-in', {
      login: 'WANG.WU',
      password: first?.oneTimePassword,
    })
    expect(signIn).toMatchObject({ status: 200, body: { mustChangePassword: true, displayName: '王五' } })
    expect((signIn.body['roles'] as string[]).toSorted()).toEqual(['operator', 'restocker'])
  })

  it('are refused a phone number for a login, which would stand in clear', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')
    const before = await countAccounts(server)

    const answer = await admin.send('POST', '/api/accounts/import', {
      accounts: ['13800000000', '１３８００００００００'].map((login) => ({
        login,
        displayName: '赵六',
        roles: ['buyer'],
      })),
    })

    expect(answer).toMatchObject({ status: 422, body: { field: 'accounts.0.login' } })
    expect(answer.body['errors']).toMatchObject([{ field: 'accounts.0.login' }, { field: 'accounts.1.login' }])
    expect(await countAccounts(server)).toEqual(before)
  })

  it('that signed in with a phone number before still do, and the number is in the database no more', async () => {
    await using earlier = await startServer({ dialect })
    const { database } = earlier.app.ctx
    const passwordHash = await hashPassword(testPassword)
    const account = { roles: ['buyer' as const], passwordHash, mustChangePassword: false }
    const logins = ['13800000001', '13800000002', 'buyer.2020']
    const ids = await database.run((ctx) =>
      addAccounts(
        ctx,
        logins.map((login) => ({ ...account, login, displayName: login })),
      ),
    )

    await using server = await startServer({ dialect, beside: earlier })

    const signIn = (login: string) => server.anybody.send('POST', '/api/sign-in', { login, password: testPassword })
    const answers = await Promise.all([...logins, '13800000003'].map(signIn))
    expect(answers.map(({ status, body }) => [status, body['accountId']])).toEqual([
      [200, ids[0]],
      [200, ids[1]],
      [200, ids[2]],
      [401, undefined],
    ])
    expect(answers[0]?.body).toMatchObject({ login: expect.stringMatching(/^user-/), displayName: '138****0001' })
    expect(answers[2]?.body).toMatchObject({ login: 'buyer.2020' })
    expect((await signIn(String(answers[0]?.body['login']))).status).toBe(200)
    const held = await database.read(({ db, tables }) => rows(db.select().from(tables.accounts)))
    expect(held).toHaveLength(4)
    expect(findNumbers(held.map(({ passwordHash: _passwordHash, ...row }) => row))).toEqual([])
  })

  it('are imported all or none, with an error per row', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')
    const taken = await server.signIn('buyer')
    const before = await countAccounts(server)

    const answer = await admin.send('POST', '/api/accounts/import', {
      accounts: [
        { login: 'new-one', displayName: 'a', roles: ['buyer'] },
        { login: taken.login.toUpperCase(), displayName: 'b', roles: ['buyer'] },
        { login: 'NEW-ONE', displayName: 'c', roles: ['buyer'] },
        { login: 'farmer-one', displayName: 'd', roles: ['farmer'] },
        { login: 'guest', displayName: 'e', roles: ['buyer'], hostSiteId: newId() },
      ],
    })

    expect(answer).toMatchObject({ status: 422, body: { code: 'request.invalid', field: 'accounts.1.login' } })
    const fields = answer.body['errors'] as Array<{ field: string }>
    expect(fields.map(({ field }) => field)).toEqual([
      'accounts.1.login',
      'accounts.2.login',
      'accounts.3.householdCode',
      'accounts.4.hostSiteId',
    ])
    expect(await countAccounts(server)).toEqual(before)
  })

  it('are made by people with the join code of their site', async () => {
    await using server = await startServer({ dialect })
    const operator = await server.signIn('operator')
    const site = await operator.send('POST', '/api/host-sites', {
      name: '区政府',
      kind: 'government',
      address: '渝北区',
    })
    const join = (joinCode: unknown, login: string) =>
      server.anybody.send('POST', '/api/accounts/join', {
        joinCode,
        login,
        displayName: '张三',
        password: 'my password',
      })

    const joined = await join(String(site.body['joinCode']).toLowerCase(), 'zhang.san')
    const again = await join(site.body['joinCode'], 'Zhang.San')
    const lost = await join('WRONG-CODE', 'li.si')

    expect(joined).toMatchObject({ status: 201, body: { roles: ['buyer'], hostSiteId: site.body['hostSiteId'] } })
    const [cookie] = joined.headers.getSetCookie()[0]?.split(';') ?? []
    expect((await server.callerWith(cookie).send('GET', '/api/me')).body['login']).toBe('zhang.san')
    expect(again).toMatchObject({ status: 409, body: { code: 'identity.login_taken', field: 'login' } })
    expect(lost).toMatchObject({ status: 404, body: { field: 'joinCode' } })
    const tried = await Promise.all(Array.from({ length: 60 }, () => join(site.body['joinCode'], operator.login)))
    expect(new Set(tried.map(({ body }) => body['code']))).toEqual(
      new Set(['identity.login_taken', 'identity.too_many_attempts']),
    )
  })

  it('change their roles at once, and somebody always remains who can administer', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')
    const person = await server.signIn('buyer')
    const { firstAdmin } = server.app
    const list = await admin.send('GET', `/api/accounts?search=${firstAdmin?.login}`)
    const first = (list.body['rows'] as Array<{ login: string; accountId: string }>).find(
      ({ login }) => login === 'admin',
    )
    const set = (accountId: string | undefined, body: unknown) =>
      admin.send('PATCH', `/api/accounts/${accountId}`, body)

    expect((await set(person.accountId, { roles: ['finance'] })).status).toBe(204)
    expect((await person.send('GET', '/api/me')).status).toBe(401)
    expect((await set(newId(), { isActive: false })).status).toBe(404)
    expect((await set(first?.accountId, { isActive: false })).status).toBe(204)
    expect(await set(admin.accountId, { roles: ['buyer'] })).toMatchObject({
      status: 409,
      body: { code: 'identity.last_admin' },
    })
    expect(await set(admin.accountId, { isActive: false })).toMatchObject({ status: 409 })
    const audit = await server.app.ctx.database.read(({ db, tables }) => rows(db.select().from(tables.auditRows)))
    const changes = audit.filter(({ action }) => action === 'identity.access_changed')
    expect(changes.map(({ accountId, subjectId }) => [accountId, subjectId])).toEqual([
      [admin.accountId, person.accountId],
      [admin.accountId, first?.accountId],
    ])
  })

  it('are listed page by page without their secrets', async () => {
    const clock = new TestClock()
    await using server = await startServer({ dialect, clock })
    // Each in a millisecond of its own: the list goes by birth, and nothing orders what is born in the same one.
    const people: Person[] = []
    for (const role of ['auditor', 'buyer', 'buyer', 'buyer', 'buyer'] as const) {
      clock.advance(1)
      people.push(await server.signIn(role))
    }
    const [auditor] = people as [Person]
    const seen: string[] = []
    let cursor = ''
    do {
      const { body } = await auditor.send('GET', `/api/accounts?limit=2${cursor}`)
      seen.push(...(body['rows'] as Array<{ login: string }>).map(({ login }) => login))
      expect(JSON.stringify(body)).not.toMatch(/scrypt|password/i)
      const next = body['nextCursor'] as string | undefined
      cursor = next === undefined ? '' : `&cursor=${next}`
    } while (cursor !== '')

    expect(seen).toEqual(['buyer-5', 'buyer-4', 'buyer-3', 'buyer-2', 'auditor-1', 'admin'])
    expect((await auditor.send('GET', '/api/accounts?search=%25')).body['rows']).toHaveLength(6)
  })
})
