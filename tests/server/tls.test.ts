// HTTPS and MQTTS with a certificate of an authority of one's own: pages, enrolment and the link of a real agent.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemRandom } from '#shared/ids/random.ts'
import { storeEnrolmentCode } from '#server/cabinets/enrol-cabinet.ts'
import { readTls } from '#server/config/read-tls.ts'
import { addAccounts } from '#server/identity/add-accounts.ts'
import { hashOneTimePassword, makeReadableCode } from '#server/identity/password.ts'
import { serveBoards } from '#tests/support/agent-process.ts'
import { startServer, testPassword } from '#tests/support/start-server.ts'
import { seedAccount } from '#tests/support/seed-account.ts'
import { registerCabinet } from '#tests/support/test-cabinet.ts'
import { bundleEntry } from '../../.tools/bundle.mjs'

let folder: string
let ca: string
let environment: Record<string, string>

const file = (name: string) => join(folder, name)
const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'huinong-tls-'))
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test authority', '-days', '2')
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=server')
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1')
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2']
  openssl('x509', '-req', '-in', 'server.csr', ...signed, '-out', 'server.pem')
  ca = readFileSync(file('ca.pem'), 'utf8')
  environment = { HUINONG_TLS_CERT_FILE: file('server.pem'), HUINONG_TLS_KEY_FILE: file('server.key') }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('with a certificate', () => {
  it('serves pages by https only, with cookies that stay on it', async () => {
    await using server = await startServer({ dialect: 'sqlite', environment })
    const passwordHash = await hashOneTimePassword(testPassword)
    const person = {
      login: 'buyer',
      displayName: 'x',
      roles: ['buyer' as const],
      passwordHash,
      mustChangePassword: false,
    }
    await server.app.ctx.database.run((unit) => addAccounts(unit, [person]))
    const health = await new Promise<number | undefined>((resolve, reject) => {
      get(`${server.url}/healthz`, { ca }, ({ statusCode, headers }) =>
        resolve(headers['strict-transport-security'] === undefined ? undefined : statusCode),
      ).on('error', reject)
    })
    const cookies = await new Promise<string[] | undefined>((resolve, reject) => {
      const headers = { 'content-type': 'application/json' }
      request(`${server.url}/api/sign-in`, { ca, method: 'POST', headers }, (reply) =>
        resolve(reply.headers['set-cookie']),
      )
        .on('error', reject)
        .end(JSON.stringify({ login: person.login, password: testPassword }))
    })

    expect(server.url).toMatch(/^https:/)
    expect(health).toBe(200)
    expect(cookies?.[0]).toMatch(/; HttpOnly; Secure; SameSite=Strict$/)
    await expect(fetch(server.url.replace('https:', 'http:'))).rejects.toThrow('fetch failed')
    await expect(fetch(server.url)).rejects.toThrow('fetch failed')
  })

  it('lets nobody speak an old TLS', async () => {
    await using server = await startServer({ dialect: 'sqlite', environment })
    const portOf = (url: string) => Number(new URL(url).port)
    const tryOld = (port: number) =>
      new Promise<string>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port, ca, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })
        socket.on('secureConnect', () => resolve('connected')).on('error', () => resolve('refused'))
      })

    expect(await tryOld(portOf(server.url))).toBe('refused')
    expect(await tryOld(portOf(server.app.mqttUrl))).toBe('refused')
  })

  it('enrols and serves a cabinet that knows the authority, and none that does not', async () => {
    await using server = await startServer({ dialect: 'sqlite', environment })
    await using boards = await serveBoards({ laneCount: 1, itemsPerLane: 1, unitMg: 500_000 })
    const cabinetId = await registerCabinet(server, 'YB-0001')
    const accountId = await server.app.ctx.database.run((unit) => seedAccount(unit, 'operator', 'operator'))
    const entry = await bundleEntry('cabinet-agent/main.ts')
    const run = async (name: string, more: Record<string, string>, until: RegExp) => {
      const code = makeReadableCode(systemRandom, 20)
      await server.app.ctx.database.run((unit) => storeEnrolmentCode(unit, { cabinetId, code, byAccountId: accountId }))
      const config = {
        dataDirectory: file(name),
        serverUrl: server.url,
        enrolmentCode: code,
        journal: { minFreeBytes: 0 },
        hardware: boards.installation,
      }
      writeFileSync(file(`${name}.json`), JSON.stringify(config))
      const child = spawn(process.execPath, [entry, '--config', file(`${name}.json`)], {
        env: { ...process.env, ...more },
      })
      let printed = ''
      const exited = once(child, 'exit')
      await new Promise<void>((resolve) => {
        const read = (text: Buffer) => {
          printed += text.toString()
          if (until.test(printed)) resolve()
        }
        child.stdout.on('data', read)
        child.stderr.on('data', read)
        child.on('exit', () => resolve())
      })
      child.kill('SIGTERM')
      await exited
      return printed
    }

    expect(server.app.mqttUrl).toMatch(/^mqtts:/)
    expect(await run('stranger', {}, /trying again/)).toMatch(/"error":"[^"]*certificate/)
    const online = /"msg":"online"/
    expect(await run('known', { NODE_EXTRA_CA_CERTS: file('ca.pem') }, online)).toMatch(online)
  }, 60_000)
})

describe('a wrong certificate', () => {
  it('is named before anything listens', async () => {
    const [certFile, keyFile] = [file('server.pem'), file('server.key')]
    writeFileSync(file('nonsense.pem'), 'nonsense')

    await expect(readTls({ certFile: file('none.pem'), keyFile })).rejects.toThrow(/HUINONG_TLS_CERT_FILE.*none\.pem/s)
    await expect(readTls({ certFile: file('nonsense.pem'), keyFile })).rejects.toThrow(/HUINONG_TLS_CERT_FILE/)
    await expect(readTls({ certFile, keyFile: file('ca.key') })).rejects.toThrow(/HUINONG_TLS_KEY_FILE.*not the key/s)
  })
})
