// OpenAPI 3.1 from the route contracts: what the server validates with is what the document says.
import { z } from 'zod'
import { Problem, type RouteContract, uploadMediaTypes } from '#shared/contracts/http/route.ts'
import { glossary } from '#shared/words/glossary.ts'
import { refusals } from '../errors/refusal.ts'
import { type Json, type JsonObject, SchemaShelf } from './json-schemas.ts'

const cookieScheme = 'session'
/** Those of the refusals, and 500 where the fault is ours. */
const problemStatuses = [...new Set([500, ...Object.values(refusals).map(({ status }) => status)])]
  .toSorted((a, b) => a - b)
  .map(String)

/** `/api/cabinets/:cabinetId` → `/api/cabinets/{cabinetId}`. */
export const openApiPath = (path: string) => path.replaceAll(/:(\w+)/g, '{$1}')

/** `GET /api/cabinets/:cabinetId/commands` → `get_cabinets_cabinetId_commands`. */
const operationIdOf = ({ method, path }: RouteContract) =>
  `${method.toLowerCase()}_${path.replace('/api/', '').replaceAll(/[^A-Za-z0-9]+/g, '_')}`

function parametersOf(route: RouteContract, shelf: SchemaShelf): Json[] {
  const parameters: Json[] = []
  for (const [place, schema] of [
    ['path', route.params],
    ['query', route.query],
  ] as const) {
    if (!(schema instanceof z.ZodObject)) continue
    for (const [name, part] of Object.entries(schema.shape as Record<string, z.ZodType>)) {
      // What a caller may leave out has a default or is optional: it accepts undefined.
      const isRequired = place === 'path' || !part.safeParse(undefined).success
      parameters.push({ name, in: place, required: isRequired, schema: shelf.add(part, 'input') })
    }
  }
  return parameters
}

function describeAccess({ access }: RouteContract): string {
  if (access === 'public') return 'Open to anybody.'
  if (access === 'signed-in') return 'For anybody who is signed in.'
  return `Roles: ${access.join(', ')}.`
}

function requestBodyOf({ body, upload }: RouteContract, shelf: SchemaShelf): JsonObject {
  if (upload !== undefined) {
    const { maxBytes, holds = 'CSV (UTF-8 or GB18030) or XLSX, told by its content' } = upload
    const description = `A file of at most ${maxBytes} bytes: ${holds}.`
    const content = Object.fromEntries(uploadMediaTypes.map((type) => [type, {}]))
    return { requestBody: { required: true, description, content } }
  }
  if (body === undefined) return {}
  return { requestBody: { required: true, content: { 'application/json': { schema: shelf.add(body, 'input') } } } }
}

function successOf(route: RouteContract, shelf: SchemaShelf): JsonObject {
  if (route.download === undefined)
    return {
      description: 'Success',
      content: { 'application/json': { schema: shelf.add(route.reply, 'output') } },
    }
  const file = { schema: { type: 'string', format: 'binary' } }
  return { description: 'A file', content: Object.fromEntries(route.download.map((type) => [type, file])) }
}

function operationOf(route: RouteContract, shelf: SchemaShelf): JsonObject {
  const success: JsonObject = route.status === 204 ? { description: 'Done' } : successOf(route, shelf)
  const problems = Object.fromEntries(
    problemStatuses.map((status) => [status, { $ref: '#/components/responses/Problem' }]),
  )
  return {
    operationId: operationIdOf(route),
    tags: [route.tag],
    summary: route.summary,
    description: describeAccess(route),
    security: route.access === 'public' ? [] : [{ [cookieScheme]: [] }],
    parameters: parametersOf(route, shelf),
    ...requestBodyOf(route, shelf),
    responses: { [String(route.status)]: success, ...problems },
  }
}

export function makeOpenApi(
  routes: readonly RouteContract[],
  cookieName: string,
  publicUrl: string | undefined,
): JsonObject {
  const shelf = new SchemaShelf()
  const paths: { [path: string]: JsonObject } = {}
  for (const route of routes) {
    const path = openApiPath(route.path)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, shelf) }
  }
  const problem = { 'application/problem+json': { schema: shelf.add(Problem, 'output') } }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Huinong Cabinet (惠农柜)',
      version: '1',
      description:
        'Money is integer fen, mass integer milligrams, time epoch milliseconds. Errors are RFC 9457 problems.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      // The programme's words beside the contract's names, for those who build on the API.
      'x-glossary': glossary,
    },
    servers: [{ url: publicUrl ?? '/' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: shelf.components,
      responses: { Problem: { description: 'A problem with a stable code', content: problem } },
      securitySchemes: { [cookieScheme]: { type: 'apiKey', in: 'cookie', name: cookieName } },
    },
  }
}
