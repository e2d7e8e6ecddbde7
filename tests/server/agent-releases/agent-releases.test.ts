import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { findRelease } from '#server/agent-releases/keep-release.ts'
import { allowGoingBack } from '#server/agent-releases/sign-release.ts'
import { type AgentRelease, agentReleaseSigningText } from '#shared/contracts/mqtt/twin.ts'
import { startServer, type TestServer } from '#tests/support/start-server.ts'
import { dialects } from '#tests/support/test-database.ts'

const bundle = (text: string) => new TextEncoder().encode(text)

function isSigned({ app }: TestServer, release: AgentRelease): boolean {
  const key = createPublicKey({
    key: Buffer.from(app.ctx.signer.publicKey, 'base64'),
    format: 'der',
    type: 'spki',
  })
  return verify(null, Buffer.from(agentReleaseSigningText(release)), key, Buffer.from(release.signature, 'base64'))
}

describe.each(dialects)('releases of the agent on %s', (dialect) => {
  it('are kept as they came, signed, and handed to whoever asks', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')

    const kept = await admin.send('POST', '/api/agent-releases/0.2.0', bundle('export {}'))
    const fetched = await fetch(`${server.url}/api/agent-releases/0.2.0/bundle`)

    expect(kept).toMatchObject({ status: 201, body: { version: '0.2.0', sizeBytes: 9 } })
    expect(await fetched.text()).toBe('export {}')
    const release = await server.app.ctx.database.read((unit) => findRelease(unit, '0.2.0'))
    expect(isSigned(server, release)).toBe(true)
    expect(isSigned(server, { ...release, version: '0.3.0' })).toBe(false)
    expect(isSigned(server, { ...release, goesBackFrom: '0.3.0' })).toBe(false)
    expect(isSigned(server, allowGoingBack(server.app.ctx.signer, release, '0.3.0'))).toBe(true)
    expect((await admin.send('GET', '/api/agent-releases')).body['rows']).toMatchObject([{ version: '0.2.0' }])
  })

  it('never change: a version or bytes that are known are refused, an unknown one is not there', async () => {
    await using server = await startServer({ dialect })
    const admin = await server.signIn('admin')
    await admin.send('POST', '/api/agent-releases/0.2.0', bundle('export {}'))
    const again = (version: string, text: string) => admin.send('POST', `/api/agent-releases/${version}`, bundle(text))

    expect(await again('0.2.0', 'other')).toMatchObject({ status: 409, body: { code: 'release.taken' } })
    expect(await again('0.3.0', 'export {}')).toMatchObject({ status: 409, body: { field: 'version' } })
    expect(await again('two', 'x')).toMatchObject({ status: 422, body: { field: 'version' } })
    expect((await fetch(`${server.url}/api/agent-releases/0.9.0/bundle`)).status).toBe(404)
  })
})
