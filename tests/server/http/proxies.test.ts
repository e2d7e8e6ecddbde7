// Whom the server takes for the caller behind a proxy: limits by address must not be evaded by a header that the caller wrote.
import { describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '#tests/support/start-server.ts'

const requestsPerMinute = 10

/** The statuses of one more request than an address has, each with another address in front of what the proxy adds. */
async function exhaust(server: TestServer, seenByProxy: string): Promise<number[]> {
  const statuses = []
  for (let request = 0; request <= requestsPerMinute; request += 1) {
    const headers = { 'x-forwarded-for': `203.0.113.${request}, ${seenByProxy}` }
    statuses.push((await server.anybody.send('GET', '/api/consent-texts', undefined, headers)).status)
  }
  return statuses
}

const limited = [...Array.from({ length: requestsPerMinute }, () => 200), 429]
const start = (trusted: string) =>
  startServer({
    dialect: 'sqlite',
    environment: { HUINONG_TRUST_PROXY: trusted, HUINONG_REQUESTS_PER_MINUTE: String(requestsPerMinute) },
  })

describe('behind a proxy', () => {
  it('a caller is the address that the one proxy saw, whatever the caller put before it', async () => {
    await using server = await start('true')

    expect(await exhaust(server, '198.51.100.7')).toEqual(limited)
    expect(await exhaust(server, '198.51.100.8')).toEqual(limited)
  })

  it('the addresses of several proxies are passed over, and of nobody else', async () => {
    await using server = await start('127.0.0.0/8,::1,10.1.0.0/16')

    expect(await exhaust(server, '198.51.100.7, 10.1.2.3')).toEqual(limited)
    expect(await exhaust(server, '198.51.100.8, 10.1.2.3')).toEqual(limited)
  })

  it('whoever is no proxy that is named is believed nothing', async () => {
    await using server = await start('10.1.0.0/16')

    expect(await exhaust(server, '198.51.100.7')).toEqual(limited)
    expect((await exhaust(server, '198.51.100.8'))[0]).toBe(429)
  })
})
