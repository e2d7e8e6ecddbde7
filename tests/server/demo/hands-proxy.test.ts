import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { HandsState } from '#shared/contracts/demo/hands.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openHands } from '#server/demo/hands-client.ts'
import { registerHandsProxy } from '#server/demo/hands-proxy.ts'

const state: HandsState = {
  kind: 'state',
  cabinetCode: 'YB-0001',
  atMs: 1,
  door: 'closed',
  isLocked: true,
  isPowered: true,
  isNetworkUp: true,
  temperatureDeciC: 55,
  lanes: [],
  inHand: [],
  faults: [],
}

let boards: WebSocketServer
let app: FastifyInstance
let proxyUrl: string

/** Boards that show a state and open their door when asked; other hands they refuse. */
beforeEach(async () => {
  boards = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(boards, 'listening')
  boards.on('connection', (socket, request) => {
    const cabinetCode = request.url?.split('/').at(-1) ?? ''
    socket.send(JSON.stringify({ ...state, cabinetCode }))
    socket.on('message', (data: Buffer) => {
      const { hand } = JSON.parse(data.toString()) as { hand: string }
      const reply =
        hand === 'open-door'
          ? { ...state, cabinetCode, door: 'open' }
          : { kind: 'refused', hand, why: 'the door is closed' }
      socket.send(JSON.stringify(reply))
    })
  })
  app = Fastify()
  app.decorate('publicUrl', undefined)
  await app.register(websocket)
  registerHandsProxy(app, `ws://127.0.0.1:${(boards.address() as AddressInfo).port}/hands`)
  await app.listen({ port: 0, host: '127.0.0.1' })
  proxyUrl = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/demo/hands`
})
afterEach(async () => {
  await app.close()
  boards.close()
})

async function closeOf(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, 'close')) as [number]
  return code
}

describe('hands proxy', () => {
  it('joins a page to the boards of the cabinet it names', async () => {
    using hands = await openHands(`${proxyUrl}/YB-0003`, systemClock)

    const seen = await hands.act({ hand: 'open-door' }, ({ door }) => door === 'open')

    expect(seen.cabinetCode).toBe('YB-0003')
  })

  it('passes on what the boards refuse', async () => {
    using hands = await openHands(`${proxyUrl}/YB-0003`, systemClock)

    await expect(hands.act({ hand: 'take', laneId: 'L01' }, () => false)).rejects.toThrow('the door is closed')
  })

  it('hangs up on what is not a hand', async () => {
    const page = new WebSocket(`${proxyUrl}/YB-0003`)
    await once(page, 'message')

    page.send('{"hand":"reboot"}')

    expect(await closeOf(page)).toBe(1003)
  })

  it('hangs up on a code that no cabinet can have', async () => {
    expect(await closeOf(new WebSocket(`${proxyUrl}/nonsense`))).toBe(1003)
  })

  it('tells the page to come back when the boards are away', async () => {
    for (const client of boards.clients) client.terminate()
    boards.close()

    expect(await closeOf(new WebSocket(`${proxyUrl}/YB-0003`))).toBe(1013)
  })

  it('does not serve pages of other sites', async () => {
    const page = new WebSocket(`${proxyUrl}/YB-0003`, { origin: 'http://elsewhere.example' })

    const [error] = (await once(page, 'error')) as [Error]

    expect(error.message).not.toBe('')
  })
})
