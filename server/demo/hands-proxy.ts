/**
 * `/demo/hands/:code`: joins the virtual-cabinet page to the process that holds the boards. It passes messages of the
 * contract on and understands nothing of them, so hands stay hands: nothing they do reaches agent or server from here.
 */
import type { FastifyInstance } from 'fastify'
import { WebSocket } from 'ws'
import { HandsCommand } from '#shared/contracts/demo/hands.ts'
import { CabinetCode } from '#shared/contracts/http/shelf.ts'
import { RefusalError } from '../errors/refusal.ts'
import { checkOrigin } from '../http/origin.ts'

/** WebSocket close codes (RFC 6455). */
const closeCodes = { unsupportedData: 1003, tryAgainLater: 1013 } as const
/** Hand movements that may wait while the boards' process is being reached. */
const maxWaiting = 32

/** `handsUrl` is the boards' address, e.g. ws://127.0.0.1:9001/hands. */
export function registerHandsProxy(app: FastifyInstance, handsUrl: string): void {
  app.route({
    method: 'GET',
    url: '/demo/hands/:code',
    onRequest: (request, _reply, done) => {
      checkOrigin(request, app.publicUrl)
      done()
    },
    handler: () => {
      throw new RefusalError('request.malformed', 'This address speaks WebSocket only.')
    },
    wsHandler: (page, request) => {
      const code = CabinetCode.safeParse((request.params as { code?: unknown }).code)
      if (!code.success) {
        page.close(closeCodes.unsupportedData, 'no such cabinet')
        return
      }
      joinSockets(page, new WebSocket(`${handsUrl}/${code.data}`))
    },
  })
}

/** Passes hands to the boards and what is seen back, until either side ends. */
function joinSockets(page: WebSocket, boards: WebSocket): void {
  const waiting: string[] = []
  page.on('message', (data: Buffer) => {
    const text = data.toString()
    if (!isHandsCommand(text)) page.close(closeCodes.unsupportedData, 'not a hand')
    else if (boards.readyState === WebSocket.OPEN) boards.send(text)
    else if (boards.readyState === WebSocket.CONNECTING && waiting.length < maxWaiting) waiting.push(text)
  })
  boards.on('open', () => {
    for (const text of waiting.splice(0)) boards.send(text)
  })
  boards.on('message', (data: Buffer) => {
    if (page.readyState === WebSocket.OPEN) page.send(data.toString())
  })
  boards.on('close', () => page.close(closeCodes.tryAgainLater, 'the virtual cabinet is away'))
  boards.on('error', () => page.close(closeCodes.tryAgainLater, 'the virtual cabinet is away'))
  page.on('close', () => boards.terminate())
  page.on('error', () => boards.terminate())
}

function isHandsCommand(text: string): boolean {
  try {
    return HandsCommand.safeParse(JSON.parse(text)).success
  } catch {
    return false
  }
}
