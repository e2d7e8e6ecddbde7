// What attempts of an address are counted by. Whoever has IPv6 has a /64 at least (RFC 6177), so that a count by whole address would
// begin anew with each attempt. The limit of requests counts by the same.
import { isIP } from 'node:net'

const groupsOfNetwork = 4

/** An IPv4 address itself, also inside IPv6; of an IPv6 address its /64. */
export function callerNetwork(address: string): string {
  const inside = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (inside !== undefined) return inside
  if (isIP(address) !== 6) return address
  const [bare = ''] = address.split('%')
  const [head = '', tail] = bare.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after]
  const network = groups.slice(0, groupsOfNetwork).map((group) => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
