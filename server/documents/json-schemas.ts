// JSON Schema (2020-12) of the contracts' zod schemas, for the API documents. Schemas with an id become components. One that
// looks different on its way in (because of defaults) stands there a second time, as `<id>Input`.
import { z } from 'zod'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }
export type Direction = 'input' | 'output'

const componentUri = (name: string) => `#/components/schemas/${name}`
const isObject = (value: Json): value is JsonObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** What says nothing to a reader of the document. Unknown fields are ignored on both ends, so none is forbidden. */
function isNoise(key: string, value: Json): boolean {
  if (key === '$schema' || key === '$id' || key === '$defs') return true
  return (key === 'additionalProperties' && value === false) || (key === 'id' && typeof value === 'string')
}

/** A copy with references renamed and noise left out. `id` and the like stay where they name a property. */
function tidy(value: Json, rename: (id: string) => string, isPropertyMap = false): Json {
  if (Array.isArray(value)) return value.map((item) => tidy(item, rename))
  if (!isObject(value)) return value
  const kept: JsonObject = {}
  for (const [key, member] of Object.entries(value)) {
    if (!isPropertyMap && isNoise(key, member)) continue
    if (!isPropertyMap && key === '$ref' && typeof member === 'string') {
      const id = member.split('/').at(-1) ?? ''
      kept[key] = componentUri(rename(id))
    } else kept[key] = tidy(member, rename, !isPropertyMap && key === 'properties')
  }
  return kept
}

/** Ids that a schema refers to. */
function refsOf(value: Json): string[] {
  return [...JSON.stringify(value).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, id = '']) => id)
}

function namedSchemas(io: Direction): Map<string, Json> {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { io, unrepresentable: 'any', uri: componentUri })
  return new Map(
    Object.entries(schemas as unknown as Record<string, Json>).map(([id, body]) => [id, tidy(body, (name) => name)]),
  )
}

export class SchemaShelf {
  readonly #bodies = { output: namedSchemas('output'), input: namedSchemas('input') }
  /** Ids whose input differs, in themselves or in what they refer to. */
  readonly #different = new Set<string>()
  readonly #used = new Map<string, Json>()

  constructor() {
    const { output, input } = this.#bodies
    for (const [id, body] of input) if (JSON.stringify(body) !== JSON.stringify(output.get(id))) this.#different.add(id)
    for (let before = -1; before !== this.#different.size;) {
      before = this.#different.size
      for (const [id, body] of input) if (refsOf(body).some((ref) => this.#different.has(ref))) this.#different.add(id)
    }
  }

  /** The schema for the document: a reference when it has an id. */
  add(schema: z.ZodType, io: Direction): JsonObject {
    const id = z.globalRegistry.get(schema)?.id
    if (id !== undefined) return { $ref: componentUri(this.#use(id, io)) }
    const body = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as unknown as JsonObject
    return tidy(body, (name) => this.#use(name, io)) as JsonObject
  }

  /** Every schema added, and those they refer to. */
  get components(): JsonObject {
    return Object.fromEntries([...this.#used].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }

  #use(id: string, io: Direction): string {
    const isInput = io === 'input' && this.#different.has(id)
    const name = isInput ? `${id}Input` : id
    if (this.#used.has(name)) return name
    const body = this.#bodies[io].get(id) ?? {}
    this.#used.set(name, {})
    this.#used.set(
      name,
      tidy(body, (ref) => this.#use(ref, io)),
    )
    return name
  }
}
