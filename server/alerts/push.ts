// Web push: RFC 8291 seals the message for one browser, RFC 8292 (VAPID) says who sends it, RFC 8030 carries it. The server's
// own key pair is derived from the key of the fingerprints, which is made at the first start and stays: every process has the
// same, and browsers that subscribed keep hearing of us.
import { createECDH } from 'node:crypto'
// CommonJS: Node sees no names in it, only the whole.
import webPush from 'web-push'
import { z } from 'zod'
import type { ServerContext } from '../context.ts'
import type { Sealer } from '../personal-data/seal.ts'
import { postOutward, type Reach } from './outward-reach.ts'

/** The raw P-256 point and number, base64url, as browsers and the protocol want them. */
export interface PushKeys {
  readonly publicKey: string
  readonly privateKey: string
}

/** They stay while the sealer does, and the job that sends asks every few seconds. */
const keysOf = new WeakMap<Pick<Sealer, 'deriveSecret'>, PushKeys>()

export function pushKeysOf(sealer: Pick<Sealer, 'deriveSecret'>): PushKeys {
  const known = keysOf.get(sealer)
  if (known !== undefined) return known
  const privateKey = sealer.deriveSecret('web-push-vapid')
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(privateKey)
  const keys = { publicKey: pair.getPublicKey('base64url'), privateKey: privateKey.toString('base64url') }
  keysOf.set(sealer, keys)
  return keys
}

export interface PushIdentity {
  readonly keys: PushKeys
  /** Where a push service finds whoever sends: https or mailto (RFC 8292, 2.1). */
  readonly subject: string
}

export function pushIdentityOf({ sealer, config }: Pick<ServerContext, 'sealer' | 'config'>): PushIdentity {
  const { publicUrl } = config.http
  const from = /[^\s<]+@[^\s>]+/.exec(config.mail?.from ?? '')?.[0]
  const subject = publicUrl?.startsWith('https:') === true ? publicUrl : `mailto:${from ?? 'operator@localhost'}`
  return { keys: pushKeysOf(sealer), subject }
}

/** What a recipient's address holds for this channel. */
export const PushAddress = z.object({ endpoint: z.string(), keys: z.object({ p256dh: z.string(), auth: z.string() }) })
export type PushAddress = z.infer<typeof PushAddress>

export interface PushMessage {
  /** At most one message of a topic waits for a browser; 32 characters of base64url at most. */
  readonly topic: string
  readonly isUrgent: boolean
  readonly payload: string
}

/** The browser has unsubscribed, or its push service knows it no more: nobody is to be told there again. */
export class RecipientGoneError extends Error {
  override readonly name = 'RecipientGoneError'
}

/** How long a push service keeps a message for a browser that is not there, seconds. */
const keptS = 86_400

/** Resolves when the push service has taken the message. */
export async function sendPush(
  { topic, isUrgent, payload }: PushMessage,
  address: string,
  { keys, subject }: PushIdentity,
  reach: Reach,
  signal: AbortSignal,
): Promise<void> {
  const { headers, body, endpoint } = webPush.generateRequestDetails(PushAddress.parse(JSON.parse(address)), payload, {
    vapidDetails: { subject, ...keys },
    contentEncoding: 'aes128gcm',
    TTL: keptS,
    topic,
    urgency: isUrgent ? 'high' : 'normal',
  })
  const named = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-length')
  const posting = {
    headers: Object.fromEntries(named.map(([name, value]) => [name, String(value)])),
    body: body ?? Buffer.alloc(0),
    signal,
  }
  const status = await postOutward(endpoint, posting, reach)
  // RFC 8030, 7.3: the subscription has expired.
  if (status === 404 || status === 410) throw new RecipientGoneError(`the push service answered ${status}`)
  if (status < 200 || status > 299) throw new Error(`the push service answered ${status}`)
}
