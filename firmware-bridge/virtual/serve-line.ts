import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '#shared/time/clock.ts'
import { createLineLink } from '../bus/line-link.ts'
import { createSerialTransport } from '../transports/serial-transport.ts'
import type { VirtualLine } from './virtual-line.ts'

/** Virtual lines on real ports, so that other software can drive the boards: a listening tcp socket, or a tty. */

export interface ServedLine extends AsyncDisposable {
  /** Where it can be reached, as a port URL. */
  readonly url: string
}

/** Every client shares the one line, as on a real serial server. Port 0 takes any free one. */
export async function serveLineOnTcp(line: VirtualLine, where: { host: string; port: number }): Promise<ServedLine> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    // Out of the wall it still listens on the network, as a serial server with its field side unplugged would not.
    if (!line.isPlugged) {
      socket.resetAndDestroy()
      return
    }
    sockets.add(socket)
    const removeOutlet = line.addOutlet((bytes) => socket.write(bytes))
    socket.on('data', (bytes) => line.receive(new Uint8Array(bytes)))
    socket.on('close', () => {
      sockets.delete(socket)
      removeOutlet()
    })
  })
  const stopWatching = line.onPlugChange((isPlugged) => {
    if (!isPlugged) for (const socket of sockets) socket.destroy()
  })
  await listen(server, where)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : where.port
  return {
    url: `tcp://${where.host}:${port}`,
    async [Symbol.asyncDispose]() {
      stopWatching()
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

/** The tty is opened again whenever it comes back. Resolves when it was tried once. */
export async function serveLineOnSerial(
  line: VirtualLine,
  { path, baudRate }: { path: string; baudRate: number },
  clock: Clock,
): Promise<ServedLine> {
  const transport = createSerialTransport({ path, baudRate })
  const link = createLineLink(transport, clock, {
    onUp: () => {},
    onDown: () => {},
    onReset: () => {},
    onData: (bytes) => line.receive(new Uint8Array(bytes)),
  })
  // A byte that cannot be sent is lost on the line; the master will ask again.
  const removeOutlet = line.addOutlet((bytes) => void link.connection?.write(bytes).catch(() => {}))
  await link.start()
  return {
    url: `serial:${path}`,
    async [Symbol.asyncDispose]() {
      removeOutlet()
      await link.stop()
    },
  }
}

function listen(server: Server, where: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
