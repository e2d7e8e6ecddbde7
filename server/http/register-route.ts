// How a noun puts a route of shared/contracts/http on the server. Everything that every route needs happens here, in this
// order: origin of the page, sign-in and role from `contract.access`, then the three parts of the request through their
// schemas, the handler, and the reply through its schema (so that nothing leaves that the contract does not name) and, of what
// people wrote, without anybody's numbers.
//
//   export const catalogRoutes: NounRoutes = (app, ctx) => {
//     registerRoute(app, listSkus, ({ query }) => ctx.database.read((unit) => findSkus(unit, query)))
//     registerRoute(app, createSku, async ({ body, account }) => {
//       const { sku, effects } = await ctx.database.run((unit) => addSku(unit, { ...body, byAccountId: account.accountId }))
//       ctx.perform(effects)
//       return sku
//     })
//   }
//
// A contract with `upload` takes a file instead of JSON: `body` is its bytes, at most `maxBytes`, which a larger one is refused
// by before it is read. What is in it is for the noun to read (tabular/read-table.ts).
//
// A handler throws RefusalError to say no; whatever else it throws is a 500 that says nothing.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { findJsonFault } from '#shared/contracts/json-fault.ts'
import { Download, uploadMediaTypes } from '#shared/contracts/http/route.ts'
import type { Access, Role, RouteContract, RouteInput } from '#shared/contracts/http/route.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { RefusalError } from '../errors/refusal.ts'
import { maskWritten } from '../personal-data/mask-numbers.ts'
import { checkOrigin } from './origin.ts'
import { InvalidRequestError } from './problem.ts'

/** Who is calling. */
export interface SignedIn {
  readonly accountId: Id
  /** The sign-in, not a shopping session. */
  readonly sessionId: Id
  readonly login: string
  readonly displayName: string
  readonly roles: readonly Role[]
  readonly hostSiteId: Id | undefined
  /** A farmer's household. */
  readonly householdCode: string | undefined
  /** A desk's district, town or village. */
  readonly areaCode: string | undefined
  readonly mustChangePassword: boolean
  readonly hasSecondFactor: boolean
  /** A role of the account demands a second factor, and it has none yet. */
  readonly mustAddSecondFactor: boolean
}

export type RouteCall<R extends RouteContract> = RouteInput<R> & {
  readonly account: R['access'] extends 'public' ? undefined : SignedIn
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}
export type RouteHandler<R extends RouteContract> = (
  call: RouteCall<R>,
) => Promise<z.input<R['reply']>> | z.input<R['reply']>

/** Runs the handler of a mutation that must leave an audit row; `body` is the parsed one. */
export type MutationWatch = <T>(contract: RouteContract, body: unknown, mutate: () => Promise<T>) => Promise<T>

declare module 'fastify' {
  interface FastifyContextConfig {
    contract?: RouteContract
  }
  interface FastifyRequest {
    account: SignedIn | undefined
  }
  interface FastifyInstance {
    /** Finds who is calling from the session cookie; put on the app by the composition root. */
    authenticate: (request: FastifyRequest) => Promise<SignedIn | undefined>
    /** Address of the pages as browsers see it, when it is known. */
    publicUrl: string | undefined
    /** Stands around mutations that must leave an audit row; tests prove by it that they do. */
    watchMutation: MutationWatch | undefined
  }
}

/** Refuses a call that the contract's access does not allow. */
export function checkAccess(access: Access, account: SignedIn | undefined): void {
  if (access === 'public') return
  if (account === undefined) throw new RefusalError('identity.not_signed_in')
  if (access === 'signed-in') return
  if (!account.roles.some((role) => access.includes(role))) throw new RefusalError('identity.role_missing')
  if (account.mustChangePassword) throw new RefusalError('identity.password_must_change')
  if (account.mustAddSecondFactor) throw new RefusalError('identity.second_factor_must_add')
}

/**
 * Who is calling, with the roles that let them in here: what a handler shows of rows by role (personal-data/row-scope.ts) is then no
 * more than the contract opens to that role. An operator who is one household's helper too reveals that household's phone only.
 */
function admit(access: Access, account: SignedIn | undefined): SignedIn | undefined {
  if (account === undefined || access === 'public' || access === 'signed-in') return account
  return { ...account, roles: account.roles.filter((role) => access.includes(role)) }
}

/**
 * Whether somebody who came in without a role being asked for holds one of these, and may use it: not before a one-time password is
 * changed and a second factor that the role demands is there.
 */
export function mayAs(roles: readonly Role[], account: SignedIn): boolean {
  if (account.mustChangePassword || account.mustAddSecondFactor) return false
  return account.roles.some((role) => roles.includes(role))
}

function parsePart(part: 'params' | 'query' | 'body', schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined
  const fault = findJsonFault(value)
  if (fault !== undefined) {
    const field = fault.path === '' ? part : fault.path
    throw new InvalidRequestError([{ field, message: fault.message }])
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw InvalidRequestError.of(part, parsed.error)
  return parsed.data
}

function sendFile(reply: FastifyReply, { bytes, mediaType, fileName }: z.output<typeof Download>): FastifyReply {
  return reply
    .type(mediaType)
    .header('content-disposition', `attachment; filename="${fileName.replaceAll(/[^\w.-]/g, '_')}"`)
    .send(Buffer.from(bytes))
}

/** Registers one contract. `bodyLimitBytes` replaces the app's limit where a route takes long lists. */
export function registerRoute<const R extends RouteContract>(
  app: FastifyInstance,
  contract: R,
  handler: RouteHandler<R>,
  options: { readonly bodyLimitBytes?: number } = {},
): void {
  if (contract.upload === undefined) {
    addRoute(app, contract, handler, options.bodyLimitBytes)
    return
  }
  const { maxBytes } = contract.upload
  // In a scope of its own, so that no other route takes these media types and this one takes no JSON.
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    const take = (_request: unknown, file: Buffer, taken: (error: null, body: Buffer) => void) => taken(null, file)
    scope.addContentTypeParser([...uploadMediaTypes], { parseAs: 'buffer' }, take)
    addRoute(scope, contract, handler, maxBytes)
    done()
  })
}

/** The body of an upload; an empty one is no file. */
function fileOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array && body.length > 0) return body
  throw new InvalidRequestError([{ field: 'body', message: 'there is no file' }])
}

function addRoute<const R extends RouteContract>(
  app: FastifyInstance,
  contract: R,
  handler: RouteHandler<R>,
  bodyLimit: number | undefined,
): void {
  const isMutation = contract.method !== 'GET'
  app.route({
    method: contract.method,
    url: contract.path,
    config: { contract },
    ...(bodyLimit === undefined ? {} : { bodyLimit }),
    // Before the body is read: who may not call costs nothing more.
    onRequest: async (request) => {
      if (isMutation) checkOrigin(request, app.publicUrl)
      if (contract.access === 'public') return
      request.account = await app.authenticate(request)
      checkAccess(contract.access, request.account)
    },
    handler: async (request, reply) => {
      const call = {
        params: parsePart('params', contract.params, request.params),
        query: parsePart('query', contract.query, request.query),
        body: contract.upload === undefined ? parsePart('body', contract.body, request.body) : fileOf(request.body),
        account: admit(contract.access, request.account),
        request,
        reply,
      }
      const run = async () => handler(call as unknown as RouteCall<R>)
      const isWatched = isMutation && contract.audit === undefined && app.watchMutation !== undefined
      const result = isWatched ? await app.watchMutation?.(contract, call.body, run) : await run()
      void reply.header('cache-control', 'no-store').code(contract.status)
      if (contract.status === 204) return reply.send()
      if (contract.download !== undefined) return sendFile(reply, Download.parse(result))
      return reply.send(maskWritten(contract.reply.parse(result)))
    },
  })
}
