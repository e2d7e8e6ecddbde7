// The least a receipt could cost: one QoS 1 round trip through a bare broker on the loopback (publish, delivery to another
// client, its answer back) plus one fsync of a page on the disk that the server's database is on.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { connectAsync, type MqttClient } from 'mqtt'

export interface BareRoundTrip extends AsyncDisposable {
  /** Measures once, ms. */
  measure(): Promise<{ mqttMs: number; fsyncMs: number }>
}

const page = Buffer.alloc(4_096, 1)
/** As large as an event that settles a session. */
const payload = Buffer.alloc(3_000, 'x')

async function connect(port: number): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`)
  ;(client.stream as Socket).setNoDelay(true)
  return client
}

export async function startBareRoundTrip(folder: string): Promise<BareRoundTrip> {
  const broker = await Aedes.createBroker()
  const server = createServer({ noDelay: true }, (socket) => broker.handle(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const [cabinet, serverSide] = await Promise.all([connect(port), connect(port)])
  await serverSide.subscribeAsync('up', { qos: 1 })
  await cabinet.subscribeAsync('down', { qos: 1 })
  serverSide.on('message', () => void serverSide.publishAsync('down', 'ack', { qos: 1 }))
  const file = openSync(join(folder, 'fsync.bin'), 'w')

  return {
    async measure() {
      const startMs = performance.now()
      const answered = new Promise<void>((resolve) => cabinet.once('message', () => resolve()))
      await cabinet.publishAsync('up', payload, { qos: 1 })
      await answered
      const answeredMs = performance.now()
      writeSync(file, page, 0, page.length, 0)
      fdatasyncSync(file)
      return { mqttMs: answeredMs - startMs, fsyncMs: performance.now() - answeredMs }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([cabinet.endAsync(true), serverSide.endAsync(true)])
      closeSync(file)
      await new Promise<void>((resolve) => broker.close(() => resolve()))
      server.close()
    },
  }
}
