import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { describeEnvironment, readServerConfig, redactUrl, ServerEnvironment } from '#server/config/server-config.ts'
import { startServer } from '#tests/support/start-server.ts'

describe('the configuration', () => {
  it('has a safe default for everything', () => {
    expect(readServerConfig({})).toMatchObject({
      databaseUrl: 'sqlite:./data/huinong.db',
      http: { host: '127.0.0.1', port: 8_080, proxies: 'none' },
      mqtt: { url: undefined, port: 1_883 },
      commandKeyFile: './data/command-key.pem',
    })
  })

  it('names every problem at once', () => {
    const read = () =>
      readServerConfig({ HUINONG_HTTP_PORT: '99999', HUINONG_DATABASE_URL: 'mysql://x', HUINONG_MQTT_URL: 'http://x' })

    for (const name of ['HUINONG_HTTP_PORT', 'HUINONG_DATABASE_URL', 'HUINONG_MQTT_URL'])
      expect(read).toThrow(new RegExp(name))
  })

  it('takes an empty variable as an absent one', () => {
    expect(readServerConfig({ HUINONG_MQTT_URL: '', HUINONG_PUBLIC_URL: '' }).mqtt.url).toBeUndefined()
  })

  it('describes every variable', () => {
    const help = describeEnvironment()

    for (const [name, schema] of Object.entries(ServerEnvironment.shape)) {
      expect(help).toContain(name)
      expect(schema.description?.length ?? 0).toBeGreaterThan(10)
    }
  })

  it('keeps passwords out of logs', () => {
    expect(redactUrl('postgres://user:secret@host:5432/db')).toBe('postgres://user:***@host:5432/db')
    expect(redactUrl('sqlite:./data/huinong.db')).toBe('sqlite:./data/huinong.db')
  })
})

describe('the server', () => {
  it('refuses to start without the key that its cabinets obey', async () => {
    await using server = await startServer({ dialect: 'sqlite' })
    const elsewhere = join(tmpdir(), 'huinong-no-such-key.pem')

    const start = startServer({
      dialect: 'sqlite',
      beside: server,
      environment: { HUINONG_COMMAND_KEY_FILE: elsewhere },
    })

    await expect(start).rejects.toThrow(/HUINONG_COMMAND_KEY_FILE/)
  })

  it('serves one page per audience, the buyer’s at the root, and metrics with their token', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'huinong-web-'))
    const { mkdirSync } = await import('node:fs')
    for (const name of ['buyer', 'admin', 'assets']) mkdirSync(join(folder, name))
    writeFileSync(join(folder, 'buyer/index.html'), '<title>buyer</title>')
    writeFileSync(join(folder, 'admin/index.html'), '<title>admin</title>')
    writeFileSync(join(folder, 'assets/app-12345678.js'), 'export {}')
    const environment = { HUINONG_WEB_DIR: folder, HUINONG_METRICS_TOKEN: 'token' }
    await using server = await startServer({ dialect: 'sqlite', environment })
    const get = (path: string, headers = {}) => server.anybody.send('GET', path, undefined, headers)
    const page = { accept: 'text/html' }

    expect((await get('/', page)).body['text']).toContain('buyer')
    expect((await get('/sessions/1', page)).body['text']).toContain('buyer')
    expect((await get('/admin/cabinets', page)).body['text']).toContain('admin')
    const asset = await get('/assets/app-12345678.js')
    expect(asset.headers.get('cache-control')).toContain('immutable')
    expect((await get('/assets/gone.js', page)).status).toBe(404)
    expect((await get('/../../etc/passwd')).status).not.toBe(500)
    expect((await get('/metrics')).status).toBe(401)
    const metrics = await get('/metrics', { authorization: 'Bearer token' })
    expect(metrics.body['text']).toContain('huinong_http_request_duration_seconds_bucket')
    rmSync(folder, { recursive: true })
  })
})
