// Where messages of ours may go. Whoever names a webhook or subscribes a browser chooses an address that this server then calls, so
// that it could be made to call what only it can reach: its own machine, the network behind it, a cloud's metadata. An address is
// judged after its name was resolved, and the connection is made to what was judged: a name that changes its mind gains nothing.
import { lookup as resolve } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** True when an IP address may be called. */
export type Reach = (address: string) => boolean

/** What is no place on the public internet (IANA special-purpose registries); IPv4 inside IPv6 is judged as IPv4. */
const closed: ReadonlyArray<readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6']> = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 4, 'ipv4'],
  ['240.0.0.0', 4, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['64:ff9b:1::', 48, 'ipv6'],
  ['100::', 64, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
]

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** `10.1.0.0/16` and the like, or one address; undefined when it is neither. */
export function parseNetwork(text: string): readonly [network: string, prefix: number] | undefined {
  const [, network = '', digits] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? []
  const most = { 0: undefined, 4: 32, 6: 128 }[isIP(network) as 0 | 4 | 6]
  if (most === undefined) return undefined
  const prefix = digits === undefined ? most : Number(digits)
  return prefix > most ? undefined : [network, prefix]
}

/** The public internet, and of what is closed the networks that are named. */
export function makeReach(allowed: ReadonlyArray<readonly [network: string, prefix: number]>): Reach {
  const [own, shut] = [new BlockList(), new BlockList()]
  for (const [network, prefix] of allowed) own.addSubnet(network, prefix, familyOf(network))
  for (const [network, prefix, family] of closed) shut.addSubnet(network, prefix, family)
  return (address) => {
    const family = familyOf(address)
    return isIP(address) !== 0 && (own.check(address, family) || !shut.check(address, family))
  }
}

export class ClosedAddressError extends Error {
  override readonly name = 'ClosedAddressError'
  constructor() {
    super('the address is in a network that messages may not go to')
  }
}

/** The host as an address, when it is one. The URL has brought octal, hexadecimal and short forms to the usual one. */
const addressIn = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, '')

/** True for what needs no look at the network to be refused. */
export function isPlainlyClosed(url: string, reach: Reach): boolean {
  const host = addressIn(new URL(url))
  const isLocal = host === 'localhost' || host.endsWith('.localhost')
  return isLocal ? !reach('127.0.0.1') : isIP(host) !== 0 && !reach(host)
}

export interface Posting {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
  readonly signal: AbortSignal
}

/** Posts once, follows no redirect, and returns the status. Rejects with a ClosedAddressError where it may not go. */
export function postOutward(url: string, { headers, body, signal }: Posting, reach: Reach): Promise<number> {
  const target = new URL(url)
  const lookup: LookupFunction = (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, '', 0)
      const open = found.filter(({ address }) => reach(address))
      const [first] = open
      if (first === undefined) return done(new ClosedAddressError(), '', 0)
      return options.all === true ? done(null, open) : done(null, first.address, first.family)
    })
  }
  return new Promise((settle, fail) => {
    // A host that is an address is not looked up.
    if (isPlainlyClosed(url, reach)) return fail(new ClosedAddressError())
    const request = target.protocol === 'https:' ? requestHttps : requestHttp
    const sizes = { 'content-length': String(Buffer.byteLength(body)) }
    const options = { method: 'POST', headers: { ...headers, ...sizes }, lookup, signal, agent: false }
    request(target, options, (response) => {
      settle(response.statusCode ?? 0)
      // What else it says is of no use to anybody.
      response.destroy()
    })
      .on('error', fail)
      .end(body)
  })
}
