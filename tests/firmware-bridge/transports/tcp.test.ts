import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { systemClock } from '#shared/time/system-clock.ts'
import { DeviceError } from '#firmware-bridge/ports/device-error.ts'
import { createTcpTransport } from '#firmware-bridge/transports/tcp-transport.ts'
import { eventually } from '#tests/support/tty-pair.ts'

async function listen(onSocket: (socket: Socket) => void): Promise<Server & AsyncDisposable> {
  const server = createServer(onSocket)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve())
  })
  return server
}

function transportTo(server: Server) {
  return createTcpTransport({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, systemClock)
}

describe('tcp transport', () => {
  it('carries bytes both ways', async () => {
    await using server = await listen((socket) => socket.pipe(socket))
    const heard: number[] = []
    const connection = await transportTo(server).open({ onData: (bytes) => heard.push(...bytes), onClose: () => {} })

    await connection.write(Uint8Array.of(1, 2, 3))
    await eventually('the echo comes', () => heard.length === 3)

    expect(heard).toEqual([1, 2, 3])
    await connection.close()
    await connection.close()
  })

  it('notices the far end’s going, once, and then refuses writes', async () => {
    const sockets: Socket[] = []
    await using server = await listen((socket) => sockets.push(socket))
    const closes: string[] = []
    const connection = await transportTo(server).open({ onData: () => {}, onClose: (reason) => closes.push(reason) })
    await eventually('the server has the socket', () => sockets.length === 1)

    sockets[0]?.resetAndDestroy()
    await eventually('the end is noticed', () => closes.length > 0)

    expect(closes).toHaveLength(1)
    expect(connection.isOpen).toBe(false)
    await expect(connection.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'TRANSPORT_CLOSED' })
  })

  it('abort throws away what is unsent: the far end sees a reset, not an orderly end', async () => {
    const errors: string[] = []
    let sockets = 0
    await using server = await listen((socket) => {
      sockets += 1
      socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''))
      socket.resume()
    })
    const connection = await transportTo(server).open({ onData: () => {}, onClose: () => {} })
    await eventually('the server has the socket', () => sockets === 1)

    await connection.abort()
    await eventually('the reset arrives', () => errors.length > 0)

    expect(errors).toEqual(['ECONNRESET'])
  })

  it('says TRANSPORT_OPEN_FAILED when nobody listens', async () => {
    const server = await listen(() => {})
    const transport = transportTo(server)
    await server[Symbol.asyncDispose]()

    const opening = transport.open({ onData: () => {}, onClose: () => {} })

    await expect(opening).rejects.toBeInstanceOf(DeviceError)
    await expect(opening).rejects.toMatchObject({ code: 'TRANSPORT_OPEN_FAILED' })
  })
})
