/**
 * JSON with object keys sorted by code unit and no white space (RFC 8785 for the values we carry: strings, booleans,
 * null, and finite numbers as ECMAScript prints them), so that both ends hash and sign the same bytes. Keys whose value is undefined
 * are left out.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('canonical JSON carries no NaN or infinity')
      return String(value)
    case 'boolean':
      return String(value)
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value) ? listOf(value) : objectOf(value as Readonly<Record<string, unknown>>)
    default:
      throw new TypeError(`canonical JSON cannot carry a ${typeof value}`)
  }
}

// Every entry of every journal comes through here at both ends, hundreds of values each: one text grows, no lists in between.
function listOf(items: readonly unknown[]): string {
  let text = ''
  for (const item of items) text += `${text === '' ? '[' : ','}${canonicalJson(item ?? null)}`
  return text === '' ? '[]' : `${text}]`
}

function objectOf(object: Readonly<Record<string, unknown>>): string {
  let text = ''
  for (const key of Object.keys(object).toSorted()) {
    const member = object[key]
    if (member !== undefined) text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`
  }
  return text === '' ? '{}' : `${text}}`
}
