// Every mutation leaves an audit row. What the support's watch proves in each test that starts a server is proved to bite here,
// and what contracts exempt is a list that somebody has to lengthen by hand.
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { routes } from '#shared/contracts/http/api.ts'
import { defineRoute } from '#shared/contracts/http/route.ts'
import { recordAudit } from '#server/audit/record-audit.ts'
import { registerRoute } from '#server/http/register-route.ts'
import { startServer } from '#tests/support/start-server.ts'

const contractAt = (path: string) =>
  defineRoute({
    method: 'POST',
    path,
    tag: 'test',
    summary: 'Does something',
    access: ['admin'],
    reply: z.void(),
    status: 204,
  })

describe('a mutation', () => {
  it('is exempt from the trail for a stated reason, and these only', () => {
    const exempt = routes.filter(({ audit }) => audit !== undefined)

    expect(exempt.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
      'DELETE /api/me/sign-ins/:signInId',
      'POST /api/accounts/imports/preview',
      'POST /api/channel-statements/preview',
      'POST /api/households/imports/preview',
      'POST /api/in-kind-grants/imports/preview',
      'POST /api/income-imports/preview',
      'POST /api/me/second-factor',
      'POST /api/organisations/:organisationId/distribution-previews',
      'POST /api/organisations/:organisationId/holding-imports/preview',
      'POST /api/organisations/:organisationId/member-imports/preview',
      'POST /api/sessions',
      'POST /api/sign-in',
      'POST /api/sign-out',
    ])
    for (const { audit } of exempt) expect(audit?.none.length).toBeGreaterThan(10)
  })

  it('that leaves no row fails in every test that starts a server', async () => {
    const silent = contractAt('/api/test/silent')
    const honest = contractAt('/api/test/honest')
    await using server = await startServer({
      dialect: 'sqlite',
      extendHttp: (app) => {
        registerRoute(app, silent, () => undefined)
        registerRoute(app, honest, async ({ account: { accountId } }) => {
          await server.app.ctx.database.run((ctx) =>
            recordAudit(ctx, { accountId, action: 'test.done', subjectId: 'test' }),
          )
        })
      },
    })
    const admin = await server.signIn('admin')

    expect((await admin.send('POST', silent.path)).status).toBe(500)
    expect((await admin.send('POST', honest.path)).status).toBe(204)
  })
})
