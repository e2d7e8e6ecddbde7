import { z } from 'zod'

/**
 * What a person may be (domain.md, roles). One account may hold several. A desk (办) is the district's, a town's or a
 * village's: it sees the households of its area.
 */
export const Role = z
  .enum(['buyer', 'farmer', 'restocker', 'operator', 'finance', 'helper', 'desk', 'auditor', 'admin'])
  .meta({ id: 'Role' })
export type Role = z.infer<typeof Role>

/** Who may call a route: anybody, anybody signed in, or accounts that hold one of the roles. */
export type Access = 'public' | 'signed-in' | readonly Role[]

type Schema = z.ZodType

/**
 * One HTTP route as data: the server registers it, the pages call it, OpenAPI is written from it and the tests walk it.
 * `path` uses `:name` parameters and starts with /api.
 */
export interface RouteContract {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly access: Access
  readonly params?: Schema
  readonly query?: Schema
  readonly body?: Schema
  /** The body is a file as it is, not JSON; the handler gets its bytes. */
  readonly upload?: {
    readonly maxBytes: number
    /** What the file may be, for the document; default: a table. */
    readonly holds?: string
  }
  /** The body of the success reply; `z.void()` for 204. */
  readonly reply: Schema
  readonly status: 200 | 201 | 202 | 204
  /** A mutation leaves an audit row; why this one leaves none. */
  readonly audit?: { readonly none: string }
  /** Media types of a reply that is a file; `reply` is then `Download`. */
  readonly download?: readonly string[]
}

/** Media types a file may be sent as. */
export const uploadMediaTypes = [
  'application/octet-stream',
  'text/csv',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
] as const

/** A reply that leaves as a file of this name and media type. */
export const Download = z.object({
  bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  mediaType: z.string(),
  fileName: z.string(),
})

export function defineRoute<const R extends RouteContract>(route: R): R {
  return route
}

type Parsed<S> = S extends Schema ? z.output<S> : undefined
type Sent<S> = S extends Schema ? z.input<S> : undefined
type IfUpload<R, Otherwise> = R extends { readonly upload: object } ? Uint8Array<ArrayBuffer> : Otherwise
type Member<R, K extends string> = R extends Record<K, infer S> ? S : undefined

/** What a handler receives after validation. */
export type RouteInput<R extends RouteContract> = {
  params: Parsed<Member<R, 'params'>>
  query: Parsed<Member<R, 'query'>>
  body: IfUpload<R, Parsed<Member<R, 'body'>>>
}
/** What a caller may send. */
export type RouteRequest<R extends RouteContract> = {
  params: Sent<Member<R, 'params'>>
  query: Sent<Member<R, 'query'>>
  body: IfUpload<R, Sent<Member<R, 'body'>>>
}
export type RouteReply<R extends RouteContract> = z.output<R['reply']>

/** RFC 9457 problem details. `code` is stable; `field` names what was wrong when one field was. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    field: z.string().optional(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    requestId: z.string().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details; media type application/problem+json.' })
export type Problem = z.infer<typeof Problem>
