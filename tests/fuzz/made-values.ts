// Values made from a contract's own schema: mostly of the right form, with ids that exist where one of that name is known, now and
// then beside it.
import fc from 'fast-check'
import { z } from 'zod'
import type { Random } from '#shared/ids/random.ts'

export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly pattern?: string
  readonly format?: string
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
}

const nonsense: readonly unknown[] = [
  null,
  '',
  -1,
  0,
  1.5,
  2 ** 53,
  true,
  [],
  {},
  'x'.repeat(500),
  'a\u0000b',
  '𝟙𠮷\ud83d',
  '__proto__',
  '=1+1',
]

/** Texts of a pattern, made once: to make one anew each time would take most of a run. */
const poolSize = 40

export const schemaOf = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema

/** Values that answers gave away, by the name of their field. */
export class KnownValues {
  readonly #values = new Map<string, unknown[]>()
  readonly #random: Random
  static readonly #perName = 60

  constructor(random: Random) {
    this.#random = random
  }

  learn(body: unknown): void {
    if (Array.isArray(body)) for (const item of body.slice(0, 20)) this.learn(item)
    else if (typeof body === 'object' && body !== null)
      for (const [name, value] of Object.entries(body)) {
        if (typeof value === 'object') this.learn(value)
        else this.#keep(name, value)
      }
  }

  #keep(name: string, value: unknown): void {
    const kept = this.#values.get(name) ?? []
    this.#values.set(name, kept)
    if (kept.length < KnownValues.#perName) kept.push(value)
    else kept[this.#random.nextUint32() % kept.length] = value
  }

  /** One of that name, or undefined. */
  pick(name: string): unknown {
    const kept = this.#values.get(name)
    return kept?.[this.#random.nextUint32() % kept.length]
  }
}

export class ValueMaker {
  readonly #random: Random
  readonly #known: KnownValues
  readonly #pools = new Map<string, readonly string[]>()

  constructor(random: Random, known: KnownValues) {
    this.#random = random
    this.#known = known
  }

  below(limit: number): number {
    return this.#random.nextUint32() % limit
  }

  /** True this often, of a hundred. */
  isLucky(percent: number): boolean {
    return this.below(100) < percent
  }

  pickOf<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  make(schema: JsonSchema, name = '', root: JsonSchema = schema): unknown {
    if (this.isLucky(2)) return this.pickOf(nonsense)
    if (schema.$ref !== undefined) {
      const target = root.$defs?.[schema.$ref.replace('#/$defs/', '')]
      return target === undefined ? null : this.make(target, name, root)
    }
    if (schema.const !== undefined) return schema.const
    if (schema.enum !== undefined) return this.pickOf(schema.enum)
    const choices = schema.anyOf ?? schema.oneOf
    if (choices !== undefined) return this.make(this.pickOf(choices), name, root)
    if (schema.allOf !== undefined)
      return Object.assign({}, ...schema.allOf.map((part) => this.make(part, name, root))) as unknown
    return this.#makeOfType(schema, name, root)
  }

  #makeOfType(schema: JsonSchema, name: string, root: JsonSchema): unknown {
    const type = Array.isArray(schema.type) ? (this.pickOf(schema.type) as string) : schema.type
    if (type === 'object') return this.#makeObject(schema, root)
    if (type === 'array') {
      const length = (schema.minItems ?? 0) + this.below(3)
      // The items of `cabinetIds` are called `cabinetId`.
      return Array.from({ length }, () => this.make(schema.items ?? {}, name.replace(/s$/, ''), root))
    }
    if (type === 'boolean') return this.isLucky(50)
    if (type === 'null') return null
    const known = this.isLucky(85) ? this.#known.pick(name) : undefined
    if (type === 'integer' || type === 'number') return typeof known === 'number' ? known : this.#makeNumber(schema)
    return typeof known === 'string' ? known : this.#makeText(schema)
  }

  #makeObject({ properties = {}, required = [] }: JsonSchema, root: JsonSchema): Record<string, unknown> {
    const made: Record<string, unknown> = {}
    for (const [name, part] of Object.entries(properties))
      if (required.includes(name) ? !this.isLucky(2) : this.isLucky(50)) made[name] = this.make(part, name, root)
    return made
  }

  #makeNumber({ minimum, exclusiveMinimum, maximum = 2 ** 53 - 1 }: JsonSchema): number {
    const least = minimum ?? (exclusiveMinimum === undefined ? 0 : exclusiveMinimum + 1)
    if (this.isLucky(5)) return this.pickOf([least, maximum, least - 1, maximum + 1])
    return Math.min(maximum, Math.max(least, 0) + this.below(this.pickOf([3, 100, 100_000])))
  }

  #makeText({ pattern, minLength = 0, maxLength = 200 }: JsonSchema): string {
    if (pattern === undefined) {
      const length = Math.min(maxLength, minLength + this.below(12))
      return Array.from({ length }, () => this.pickOf(['a', '7', '柜', ' ', '-', '"', '𠮷', '\n'])).join('')
    }
    let pool = this.#pools.get(pattern)
    if (pool === undefined) {
      const seed = this.below(2 ** 31)
      pool = fc.sample(fc.stringMatching(new RegExp(pattern, 'u')), { seed, numRuns: poolSize })
      this.#pools.set(pattern, pool)
    }
    return this.pickOf(pool)
  }
}
