// The one address behind which several server processes stand, as a load balancer has it: each connection goes to one that takes it.
import { connect, createServer, type Socket } from 'node:net'
import { once } from 'node:events'

const local = '127.0.0.1'

export interface SharedDoor extends AsyncDisposable {
  readonly port: number
}

/** Takes turns among the ports; one where nobody listens is passed over. */
export async function openDoor(ports: readonly number[]): Promise<SharedDoor> {
  let turn = 0
  const open = new Set<Socket>()
  const desk = createServer({ noDelay: true }, (visitor) => {
    const first = (turn += 1)
    const pass = (attempt: number) => {
      const port = ports[(first + attempt) % ports.length]
      if (attempt === ports.length || port === undefined) return void visitor.destroy()
      const server = connect({ port, host: local, noDelay: true })
      server.once('error', () => pass(attempt + 1))
      server.once('connect', () => {
        server.removeAllListeners('error')
        server.on('error', () => {})
        server.on('close', () => visitor.destroy())
        visitor.on('close', () => server.destroy())
        visitor.pipe(server).pipe(visitor)
      })
    }
    open.add(visitor)
    visitor.on('error', () => {}).on('close', () => open.delete(visitor))
    pass(0)
  })
  desk.listen(0, local)
  await once(desk, 'listening')
  return {
    port: (desk.address() as { port: number }).port,
    [Symbol.asyncDispose]: async () => {
      desk.close()
      for (const visitor of open) visitor.destroy()
    },
  }
}
