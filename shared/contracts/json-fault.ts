// JSON that parses and yet cannot be carried on: no hash is made of infinity, no recursion bears lists without end, and
// PostgreSQL keeps neither U+0000 nor half a surrogate pair. Whoever reads JSON from outside asks here first.

export interface JsonFault {
  /** Where it is, as `lines.0.laneId`; empty for the value itself. */
  readonly path: string
  readonly message: string
}

/** Deeper than any message of ours by far. */
const maxDepth = 40
const unkeepable = /[\0\p{Surrogate}]/u

/** What keeps a parsed JSON value from being hashed and stored, the first of it; undefined when nothing does. */
export function findJsonFault(value: unknown, depth = 0): JsonFault | undefined {
  if (typeof value === 'string')
    return unkeepable.test(value) ? { path: '', message: 'text holds U+0000 or half a surrogate pair' } : undefined
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : { path: '', message: 'a number beyond all numbers' }
  if (value === null || typeof value !== 'object') return undefined
  if (depth >= maxDepth) return { path: '', message: `nested more than ${maxDepth} deep` }
  if (Array.isArray(value)) {
    for (let place = 0; place < value.length; place += 1) {
      const found = findJsonFault(value[place], depth + 1)
      if (found !== undefined) return within(String(place), found)
    }
    return undefined
  }
  for (const key of Object.keys(value)) {
    if (unkeepable.test(key)) return { path: '', message: 'a name holds U+0000 or half a surrogate pair' }
    const found = findJsonFault((value as Readonly<Record<string, unknown>>)[key], depth + 1)
    if (found !== undefined) return within(key, found)
  }
  return undefined
}

function within(key: string, { path, message }: JsonFault): JsonFault {
  return { path: path === '' ? key : `${key}.${path}`, message }
}
