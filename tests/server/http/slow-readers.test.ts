// Whoever asks and does not read keeps what it asked for in our memory: not for long.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { expect, it } from 'vitest'
import { startServer } from '#tests/support/start-server.ts'

/** More than the kernel takes for a connection. */
const requests = 40

it('hangs up on a client that reads nothing of what it asked for', async () => {
  const apps: FastifyInstance[] = []
  await using server = await startServer({ dialect: 'sqlite', extendHttp: (app) => void apps.push(app) })
  const http = apps[0]?.server
  expect(http?.timeout).toBe(60_000)
  // The same, without waiting for a minute.
  if (http !== undefined) http.timeout = 500
  const { hostname, port, host } = new URL(server.app.httpUrl)

  const socket = connect({ host: hostname, port: Number(port) })
  socket.pause()
  socket.on('error', () => {})
  socket.write(`GET /api/openapi.json HTTP/1.1\r\nhost: ${host}\r\n\r\n`.repeat(requests))
  const [accepted] = (await once(http ?? socket, 'connection')) as [
    { once(event: 'close', listener: () => void): void },
  ]
  const ended = new Promise<string>((resolve) => {
    accepted.once('close', () => resolve('hung up'))
  })

  expect(await ended).toBe('hung up')
  socket.destroy()
})
