// The whole server, listening on free ports over a fresh database of either dialect:
//
//   await using server = await startServer({ dialect })
//   const admin = await server.signIn('admin')
//   const { status, body } = await admin.send('GET', '/api/cabinets')
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino, type Logger } from 'pino'
import type { Role } from '#shared/contracts/http/route.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import { systemRandom } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { type App, type AppOverrides, createApp } from '#server/app.ts'
import { readServerConfig } from '#server/config/server-config.ts'
import { openDatabase } from '#server/db/open-database.ts'
import type { Dialect } from '#server/db/kit.ts'
import { addAccounts } from '#server/identity/add-accounts.ts'
import { beginSignIn } from '#server/identity/begin-sign-in.ts'
import { hashOneTimePassword } from '#server/identity/password.ts'
import { sessionCookieOf } from '#server/identity/session-cookie.ts'
import { makeToken } from '#server/identity/sign-in.ts'
import { makeMutationWatch } from './mutation-watch.ts'
import { makeDatabasePlace } from './test-database.ts'

export interface ServerOptions {
  readonly dialect: Dialect
  /** Default: the machine's clock. */
  readonly clock?: Clock
  readonly nouns?: AppOverrides['nouns']
  /** Default: one that is silent unless TEST_LOG names a level. */
  readonly logger?: Logger
  readonly extendHttp?: AppOverrides['extendHttp']
  /** Another process's server over the same database, with the same command key. */
  readonly beside?: TestServer
  /** HUINONG_… variables on top of the test's own. */
  readonly environment?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Whatever the server sent; tests say what they expect of it. */
  readonly body: { readonly [key: string]: unknown }
}

export interface Caller {
  readonly cookie: string | undefined
  send(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
}

export interface Person extends Caller {
  readonly accountId: Id
  readonly login: string
}

export interface TestServer extends AsyncDisposable {
  readonly app: App
  readonly url: string
  readonly databaseUrl: string
  /** Nobody signed in. */
  readonly anybody: Caller
  /** Makes an account with these roles and signs it in. */
  signIn(...roles: readonly Role[]): Promise<Person>
  /** Whoever holds the cookie. */
  callerWith(cookie: string | undefined): Caller
}

export const testPassword = 'correct horse battery'
/** Made once for all servers of a process. */
const testPasswordHash = hashOneTimePassword(testPassword)

/** A text and a file go as they are, anything else as JSON. */
function bodyOf(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === 'string') return body
  return body instanceof Uint8Array ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body)
}

function makeCaller(url: string, cookie: string | undefined): Caller {
  return {
    cookie,
    async send(method, path, body, headers = {}) {
      const isFile = body instanceof Uint8Array
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(cookie === undefined ? {} : { cookie }),
          ...(body === undefined ? {} : { 'content-type': isFile ? 'application/octet-stream' : 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: bodyOf(body) }),
      })
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json') === true
      return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } }
    },
  }
}

function keyFilesOf({ app }: TestServer) {
  const { commandKeyFile, dataDirectory } = app.ctx.config
  return { HUINONG_COMMAND_KEY_FILE: commandKeyFile, HUINONG_DATA_KEY_FILE: join(dataDirectory, 'data-keys.txt') }
}

export async function startServer(options: ServerOptions): Promise<TestServer> {
  const clock = options.clock ?? systemClock
  const place = options.beside === undefined ? await makeDatabasePlace(options.dialect) : undefined
  const databaseUrl = options.beside?.databaseUrl ?? place?.url ?? ''
  const folder = await mkdtemp(join(tmpdir(), 'huinong-server-'))
  const database = await openDatabase({ url: databaseUrl, clock, random: systemRandom })
  const config = readServerConfig({
    HUINONG_DATABASE_URL: databaseUrl,
    HUINONG_DATA_DIR: folder,
    HUINONG_HTTP_PORT: '0',
    HUINONG_MQTT_PORT: '0',
    HUINONG_REQUESTS_PER_MINUTE: '100000',
    HUINONG_SECOND_FACTOR_ROLES: '',
    HUINONG_WEB_DIR: folder,
    ...(options.beside === undefined ? {} : keyFilesOf(options.beside)),
    ...options.environment,
  })
  const logger = options.logger ?? pino({ level: process.env['TEST_LOG'] ?? 'silent' })
  const app = await createApp(config, {
    clock,
    database,
    logger,
    ...(options.nouns === undefined ? {} : { nouns: options.nouns }),
    watchMutation: makeMutationWatch(database),
    ...(options.extendHttp === undefined ? {} : { extendHttp: options.extendHttp }),
  })
  const passwordHash = await testPasswordHash
  let people = 0
  return {
    app,
    url: app.httpUrl,
    databaseUrl,
    anybody: makeCaller(app.httpUrl, undefined),
    callerWith: (cookie) => makeCaller(app.httpUrl, cookie),
    async signIn(...roles) {
      people += 1
      const login = `${roles.join('.')}-${people}`
      const householdCode = roles.includes('farmer') ? '5001121422010001' : undefined
      const areaCode = roles.includes('desk') ? '500112142' : undefined
      const account = {
        login,
        displayName: login,
        roles,
        passwordHash,
        mustChangePassword: false,
        householdCode,
        areaCode,
      }
      const token = makeToken()
      // Not over HTTP: a password's check takes a tenth of a second on purpose, and the suite signs in thousands of times.
      const accountId = await database.run(function* (unit) {
        const [added = ''] = yield* addAccounts(unit, [account])
        yield* beginSignIn(unit, app.ctx, { accountId: added, checkedHash: passwordHash, code: undefined, token })
        return added
      })
      return { ...makeCaller(app.httpUrl, `${sessionCookieOf(config.http)}=${token}`), accountId, login }
    },
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await database.close()
      await place?.[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
