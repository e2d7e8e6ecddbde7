// A cabinet that stays connected and reads nothing must not keep the broker from everybody else.
import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { startCabinet, newId } from '#tests/support/test-cabinet.ts'
import { startServer } from '#tests/support/start-server.ts'

/** More than the kernel takes for a socket, in more messages than the broker has under way at once. */
const messages = 160
const messageBytes = 100_000

it('hangs up on a cabinet that does not read, and serves the others meanwhile', { timeout: 60_000 }, async () => {
  await using server = await startServer({ dialect: 'sqlite' })
  const { ctx } = server.app
  await using deaf = await startCabinet(server, 'YB-0001')
  await using other = await startCabinet(server, 'YB-0002')
  deaf.client.on('error', () => {})
  const hungUp = new Promise((resolve) => {
    deaf.client.once('close', () => resolve('hung up'))
  })
  const stream = deaf.client.stream as Socket
  stream.unpipe()
  stream.pause()

  const issuedAtMs = ctx.clock.now()
  const body = { filler: 'x'.repeat(messageBytes) }
  for (let message = 0; message < messages; message += 1) {
    const command = { commandId: newId(), kind: 'self-test', body, issuedAtMs, expiresAtMs: issuedAtMs, signature: '' }
    ctx.perform([{ kind: 'command', cabinetId: deaf.cabinetId, command }])
  }
  const { seq } = await other.tell('alarm.raised', { alarm: 'a', detail: '' })
  const { throughSeq } = (await other.committed(seq)) as { throughSeq: number }
  stream.resume()

  expect(throughSeq).toBe(seq)
  expect(await hungUp).toBe('hung up')
})
