// Every contract is on the server, and each refuses whoever its contract does not list.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '#shared/contracts/http/api.ts'
import { Role, type RouteContract } from '#shared/contracts/http/route.ts'
import { checkAccess } from '#server/http/register-route.ts'
import { newId } from '#tests/support/test-cabinet.ts'
import { type Person, startServer, type TestServer } from '#tests/support/start-server.ts'

/** A path with something of the right form in place of each parameter. */
const pathOf = ({ path }: RouteContract) =>
  path.replaceAll(':code', 'YB-9999').replaceAll(':householdCode', '5001121422010001').replaceAll(/:\w+/g, newId())

describe('every route of the contracts', () => {
  let server: TestServer
  const people = new Map<Role, Person>()

  beforeAll(async () => {
    server = await startServer({ dialect: 'sqlite' })
    for (const role of Role.options) people.set(role, await server.signIn(role))
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('is a list of more than forty', () => {
    expect(routes.length).toBeGreaterThan(40)
    expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length)
  })

  const named = (isPublic: boolean) =>
    routes
      .filter(({ access }) => (access === 'public') === isPublic)
      .map((route) => [`${route.method} ${route.path}`, route] as const)
  const bodyFor = ({ method }: RouteContract) => (method === 'GET' ? undefined : {})

  it.each(named(true))('%s is open to anybody', async (_name, route) => {
    const nobody = await server.anybody.send(route.method, pathOf(route), bodyFor(route))

    // An unknown address is what it would be if nobody had registered it.
    expect(['request.not_found', 'identity.not_signed_in']).not.toContain(nobody.body['code'] ?? 'none')
    expect(nobody.status).not.toBe(500)
  })

  it.each(named(false))('%s refuses whoever it does not list', async (_name, route) => {
    const nobody = await server.anybody.send(route.method, pathOf(route), bodyFor(route))
    const verdicts = []
    for (const [role, person] of people) {
      const { status, body } = await person.send(route.method, pathOf(route), bodyFor(route))
      verdicts.push([role, status === 500 ? 'failed' : body['code'] === 'identity.role_missing' ? status : 'allowed'])
    }

    expect(nobody).toMatchObject({ status: 401, body: { code: 'identity.not_signed_in' } })
    const isAllowed = (role: Role) => route.access === 'signed-in' || route.access.includes(role as never)
    expect(verdicts).toEqual(Role.options.map((role) => [role, isAllowed(role) ? 'allowed' : 403]))
  })

  it('is closed to who has yet to choose a password', () => {
    const account = {
      accountId: newId(),
      sessionId: newId(),
      login: 'x',
      displayName: 'x',
      roles: ['admin'],
      hostSiteId: undefined,
      householdCode: undefined,
      areaCode: undefined,
      mustChangePassword: true,
      hasSecondFactor: false,
      mustAddSecondFactor: false,
    } as const

    expect(() => checkAccess(['admin'], account)).toThrow(/password/)
    expect(() => checkAccess('signed-in', account)).not.toThrow()
  })
})
