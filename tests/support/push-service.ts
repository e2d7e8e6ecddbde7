// A push service with one subscribed browser, over real HTTP, independent of the product's library: it checks who sends (VAPID,
// RFC 8292) and opens what was sealed for the browser (RFC 8291, RFC 8188).
import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Pushed {
  readonly headers: NodeJS.Dict<string | string[]>
  /** The VAPID token's claims; undefined when its signature is wrong. */
  readonly claims: { readonly aud: string; readonly exp: number; readonly sub: string } | undefined
  /** The server's key as the token names it. */
  readonly senderKey: string
  readonly payload: unknown
}

export interface PushService extends AsyncDisposable {
  /** As PushSubscription.toJSON() gives it. */
  readonly subscription: {
    readonly endpoint: string
    readonly keys: { readonly p256dh: string; readonly auth: string }
  }
  readonly origin: string
  readonly pushed: readonly Pushed[]
  /** What it answers. */
  status: number
}

const info = (label: string) => Buffer.from(`${label}\0`)
const derive = (key: Buffer, salt: Buffer, about: Buffer, bytes: number) =>
  Buffer.from(hkdfSync('sha256', key, salt, about, bytes))

function openSealed(body: Buffer, browser: ReturnType<typeof createECDH>, auth: Buffer): string {
  const salt = body.subarray(0, 16)
  const keyLength = body.readUInt8(20)
  const senderPoint = body.subarray(21, 21 + keyLength)
  const sealed = body.subarray(21 + keyLength)
  const both = Buffer.concat([info('WebPush: info'), browser.getPublicKey(), senderPoint])
  const secret = derive(browser.computeSecret(senderPoint), auth, both, 32)
  const key = derive(secret, salt, info('Content-Encoding: aes128gcm'), 16)
  const nonce = derive(secret, salt, info('Content-Encoding: nonce'), 12)
  const opener = createDecipheriv('aes-128-gcm', key, nonce)
  opener.setAuthTag(sealed.subarray(-16))
  const plain = Buffer.concat([opener.update(sealed.subarray(0, -16)), opener.final()])
  // The last record ends with 0x02 and padding.
  return plain.subarray(0, plain.lastIndexOf(2)).toString('utf8')
}

function readClaims(token: string, senderKey: string): Pushed['claims'] {
  const [head = '', body = '', signature = ''] = token.split('.')
  const point = Buffer.from(senderKey, 'base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: point.toString('base64url', 1, 33), y: point.toString('base64url', 33) }
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const signed = Buffer.from(`${head}.${body}`)
  const isGood = verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
  return isGood ? JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) : undefined
}

export async function openPushService(): Promise<PushService> {
  const browser = createECDH('prime256v1')
  browser.generateKeys()
  const auth = randomBytes(16)
  const pushed: Pushed[] = []
  const service = { status: 201 }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      const [, token = '', senderKey = ''] = /^vapid t=([^,]+), k=(.+)$/.exec(request.headers.authorization ?? '') ?? []
      pushed.push({
        headers: request.headers,
        claims: readClaims(token, senderKey),
        senderKey,
        payload: JSON.parse(openSealed(Buffer.concat(chunks), browser, auth)),
      })
      response.writeHead(service.status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(service, {
    origin,
    pushed,
    subscription: {
      endpoint: `${origin}/browsers/1`,
      keys: { p256dh: browser.getPublicKey('base64url'), auth: auth.toString('base64url') },
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  })
}
