// A real SMTP server and a real webhook receiver on free ports, with everything that arrived.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface Mail {
  readonly to: readonly string[]
  /** Headers and body as they came. */
  readonly source: string
}

export interface Mailbox extends AsyncDisposable {
  readonly smtpUrl: string
  readonly mails: readonly Mail[]
  /** While true every mail is refused for now (451). */
  isBusy: boolean
}

export async function openMailbox(): Promise<Mailbox> {
  const mails: Mail[] = []
  const box = { isBusy: false }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk))
      stream.on('end', () => {
        if (box.isBusy) {
          done(Object.assign(new Error('try again later'), { responseCode: 451 }))
          return
        }
        const to = session.envelope.rcptTo.map(({ address }) => address)
        mails.push({ to, source: Buffer.concat(chunks).toString('utf8') })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return Object.assign(box, {
    smtpUrl: `smtp://127.0.0.1:${port}`,
    mails,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  })
}

export interface Hook {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface HookReceiver extends AsyncDisposable {
  readonly url: string
  readonly hooks: readonly Hook[]
  /** What it answers. */
  status: number
}

export async function openHookReceiver(): Promise<HookReceiver> {
  const hooks: Hook[] = []
  const receiver = { status: 204 }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      hooks.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
      response.writeHead(receiver.status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${port}/alerts`,
    hooks,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  })
}
