import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import { HandsCommand, type HandsMessage } from '#shared/contracts/demo/hands.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import type { FleetCabinet } from './fleet-cabinet.ts'

export interface HandsServer extends AsyncDisposable {
  readonly port: number
}

/** Ten states a second at most, and only those that differ. */
const statePeriodMs = 100
const maxBytes = 16_384
const notFoundCode = 4004

/** Serves hands on the loopback interface only: ws://127.0.0.1:{port}/hands/{cabinetCode}. */
export async function serveHands(
  port: number,
  cabinets: ReadonlyMap<string, FleetCabinet>,
  clock: Clock,
): Promise<HandsServer> {
  const http = createServer((_request, response) => {
    response.writeHead(404).end()
  })
  const sockets = new WebSocketServer({ server: http, maxPayload: maxBytes })
  sockets.on('connection', (socket, request) => {
    const code = /^\/hands\/([A-Z]{2}-\d{4,6})$/.exec(request.url ?? '')?.[1]
    const cabinet = code === undefined ? undefined : cabinets.get(code)
    if (cabinet === undefined) socket.close(notFoundCode, 'no such virtual cabinet')
    else attend(socket, cabinet, clock)
  })
  http.listen(port, '127.0.0.1')
  await once(http, 'listening')
  return {
    port: (http.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      http.close()
      await once(http, 'close')
    },
  }
}

function attend(socket: WebSocket, cabinet: FleetCabinet, clock: Clock): void {
  let lastShown = ''
  let cancel: CancelTimer = () => {}
  const send = (message: HandsMessage) => socket.send(JSON.stringify(message))

  const show = () => {
    const state = cabinet.state()
    const shown = JSON.stringify({ ...state, atMs: 0 })
    if (shown === lastShown) return
    lastShown = shown
    send(state)
  }
  const tick = () => {
    // A page that does not read gets fewer states, not a longer queue.
    if (socket.bufferedAmount < 262_144) show()
    cancel = clock.setTimer(statePeriodMs, tick)
  }
  socket.on('message', (data: RawData) => {
    const command = parse(data)
    if (command === undefined) {
      send({ kind: 'refused', hand: 'unknown', why: 'this is no hand' })
      return
    }
    const why = cabinet.act(command)
    if (why !== undefined) send({ kind: 'refused', hand: command.hand, why })
    show()
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => cancel())
  tick()
}

function parse(data: RawData): HandsCommand | undefined {
  try {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
    return HandsCommand.parse(JSON.parse(bytes.toString()))
  } catch {
    return undefined
  }
}
