// Accounts as administrators handle them: lists from files, forgotten passwords, sessions to be ended.
import { describe, expect, it } from 'vitest'
import { countRows } from '#server/db/expressions.ts'
import { one } from '#server/db/unit.ts'
import { startServer, type TestServer } from '#tests/support/start-server.ts'
import { newId } from '#tests/support/test-cabinet.ts'
import { dialects } from '#tests/support/test-database.ts'

const countAccounts = ({ app }: TestServer) =>
  app.ctx.database.read(({ db, tables }) => one(db.select({ count: countRows() }).from(tables.accounts)))
const fileOf = (...lines: string[]) =>
  new TextEncoder().encode(['账号,姓名,角色,点位,户编号,区域代码', ...lines].join('\r\n'))
const asFile = { 'content-type': 'application/octet-stream' }

describe.each(dialects)('the administration of accounts on %s', (dialect) => {
  it('makes the accounts of a file, after a dry run that keeps nothing', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')
    await admin.send('POST', '/api/host-sites', { name: '区政府', kind: 'government', address: '渝北区' })
    const file = fileOf('zhang.san,张三,运营、补货员,区政府,,', 'li.si,李四,专班,,,500112142')
    const before = await countAccounts(server)

    const preview = await admin.send('POST', '/api/accounts/imports/preview', file, asFile)
    const between = await countAccounts(server)
    const made = await admin.send('POST', '/api/accounts/imports', file, asFile)

    expect(preview).toMatchObject({ status: 200, body: { accounts: 2 } })
    expect(preview.body['roles']).toEqual([
      { role: 'restocker', accounts: 1 },
      { role: 'operator', accounts: 1 },
      { role: 'desk', accounts: 1 },
    ])
    expect(between).toEqual(before)
    expect(made.status).toBe(201)
    const [first] = made.body['accounts'] as Array<{ accountId: string; login: string; oneTimePassword: string }>
    const account = await admin.send('GET', `/api/accounts/${first?.accountId}`)
    expect(account.body).toMatchObject({ login: 'zhang.san', hostSiteName: '区政府', mustChangePassword: true })
    const signIn = await server.anybody.send('POST', '/api/sign-in', {
      login: 'zhang.san',
      password: first?.oneTimePassword,
    })
    expect(signIn.status).toBe(200)
  })

  it('refuses a file whole, with the row and column of each error', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')
    const taken = await server.signIn('buyer')
    const before = await countAccounts(server)

    const unread = await admin.send('POST', '/api/accounts/imports', fileOf('13800000000,张三,国王,,,'), asFile)
    const unknownSite = await admin.send('POST', '/api/accounts/imports', fileOf('a.b,甲,买家,没有的点位,,'), asFile)
    const faulty = await admin.send(
      'POST',
      '/api/accounts/imports',
      fileOf(`${taken.login},甲,买家,,,`, 'new.one,乙,农户,,,', 'NEW.ONE,丙,专班,,,'),
      asFile,
    )

    const fieldsOf = ({ body }: typeof unread) =>
      (body['errors'] as Array<{ field: string }>).map(({ field }) => field).toSorted()
    expect(unread.status).toBe(422)
    expect(fieldsOf(unread)).toEqual(['rows.2.角色', 'rows.2.账号'])
    expect(fieldsOf(unknownSite)).toEqual(['rows.2.点位'])
    expect(fieldsOf(faulty)).toEqual(['rows.2.账号', 'rows.3.户编号', 'rows.4.区域代码', 'rows.4.账号'])
    expect(await countAccounts(server)).toEqual(before)
  })

  it('gives a one-time password in place of a forgotten one, and ends what was open', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')
    const person = await server.signIn('finance')

    const reset = await admin.send('POST', `/api/accounts/${person.accountId}/password-resets`, {})

    expect(reset).toMatchObject({ status: 201, body: { login: person.login } })
    expect((await person.send('GET', '/api/me')).status).toBe(401)
    const signIn = await server.anybody.send('POST', '/api/sign-in', {
      login: person.login,
      password: reset.body['oneTimePassword'],
    })
    expect(signIn).toMatchObject({ status: 200, body: { mustChangePassword: true } })
    expect(await admin.send('POST', `/api/accounts/${newId()}/password-resets`, {})).toMatchObject({ status: 404 })
  })

  it('ends every session of an account, which may sign in again', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')
    const person = await server.signIn('operator')
    const open = await admin.send('GET', `/api/accounts/${person.accountId}`)

    const ended = await admin.send('DELETE', `/api/accounts/${person.accountId}/sign-ins`)

    expect(open.body['signIns']).toHaveLength(1)
    expect(ended).toMatchObject({ status: 200, body: { ended: 1 } })
    expect((await person.send('GET', '/api/me')).status).toBe(401)
    const after = await admin.send('GET', `/api/accounts/${person.accountId}`)
    expect(after.body).toMatchObject({ isActive: true, signIns: [] })
  })

  it('lists the accounts that hold a role, and those that are closed', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')
    const helper = await server.signIn('helper')
    const farmer = await server.signIn('farmer')
    await admin.send('PATCH', `/api/accounts/${farmer.accountId}`, { isActive: false })
    const logins = async (query: string) =>
      ((await admin.send('GET', `/api/accounts?${query}`)).body['rows'] as Array<{ login: string }>).map(
        ({ login }) => login,
      )

    expect(await logins('role=helper')).toEqual([helper.login])
    expect(await logins('isActive=false')).toEqual([farmer.login])
  })

  it('makes nobody a farmer without a household', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')
    const person = await server.signIn('buyer')
    const set = (body: unknown) => admin.send('PATCH', `/api/accounts/${person.accountId}`, body)

    expect(await set({ roles: ['farmer'] })).toMatchObject({
      status: 422,
      body: { code: 'identity.household_missing', field: 'householdCode' },
    })
    expect((await set({ roles: ['farmer'], householdCode: '5001121422010001' })).status).toBe(204)
  })
})
