/**
 * JSON with object keys sorted by code unit and no white space (RFC 8785 for the values we carry: strings, booleans,
 * null, and finite numbers as ECMAScript prints them), so that both ends hash and sign the same bytes. Keys whose value is undefined
 * are left out.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
    return `{${members.join(',')}}`
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new TypeError('canonical JSON carries no NaN or infinity')
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError(`canonical JSON cannot carry a ${typeof value}`)
  return text
}
