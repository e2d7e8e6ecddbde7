// Networks in the environment: `10.1.0.0/16,192.0.2.7`.
import type { z } from 'zod'
import { parseNetwork } from '../alerts/outward-reach.ts'

/** A zod transform; names each part that is no network. */
export function parseNetworks(
  text: string,
  context: z.RefinementCtx,
): Array<readonly [network: string, prefix: number]> {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .flatMap((part) => {
      const network = parseNetwork(part)
      if (network === undefined) context.addIssue({ code: 'custom', message: `${part} is no network like 10.1.0.0/16` })
      return network === undefined ? [] : [network]
    })
}
