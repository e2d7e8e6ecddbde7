import { z } from 'zod'
import type { Clock } from '#shared/time/clock.ts'
import { createSerialTransport } from './serial-transport.ts'
import { createTcpTransport } from './tcp-transport.ts'
import type { Transport } from './transport.ts'

/**
 * Where a port is: `serial:/dev/serial/by-id/…`, `tcp://host:port`, or `virtual:name`, which only a process that holds
 * the virtual boards itself can resolve.
 */
export const PortUrl = z
  .string()
  .regex(
    /^(?:serial:\/\S+|tcp:\/\/(?:\[[0-9a-fA-F:.]+\]|[^\s:/]+):\d{1,5}|virtual:[\w-]+)$/,
    'expected serial:/dev/…, tcp://host:port or virtual:name',
  )
  .meta({ id: 'PortUrl' })
export type PortUrl = z.infer<typeof PortUrl>

export interface LineSettings {
  baudRate: number
  parity?: 'none' | 'even' | 'odd'
  stopBits?: 1 | 2
}

/** Splits tcp://host:port; undefined when the URL is of another kind or the port is not 1…65,535. */
export function parseTcpUrl(url: string): { host: string; port: number } | undefined {
  const match = /^tcp:\/\/(?:\[([^\]]+)\]|([^\s:/]+)):(\d{1,5})$/.exec(url)
  const port = Number(match?.[3])
  const host = match?.[1] ?? match?.[2]
  return host === undefined || !(port >= 1 && port <= 65_535) ? undefined : { host, port }
}

/** A transport for a real port. Throws RangeError on a URL that names none. */
export function createTransport(url: PortUrl, settings: LineSettings, clock: Clock): Transport {
  const tcp = parseTcpUrl(url)
  if (tcp !== undefined) return createTcpTransport(tcp, clock)
  const serial = /^serial:(\/\S+)$/.exec(url)
  if (serial?.[1] === undefined) throw new RangeError(`${url} names no serial or tcp port`)
  return createSerialTransport({ path: serial[1], ...settings })
}
