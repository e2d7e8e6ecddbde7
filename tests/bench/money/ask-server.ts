// The real server over a filled database, asked over HTTP as the pages ask it: sign-in, role check, validation and JSON included.
import { dirname } from 'node:path'
import { pino } from 'pino'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { createApp } from '#server/app.ts'
import { readServerConfig } from '#server/config/server-config.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { addAccounts } from '#server/identity/add-accounts.ts'
import { hashOneTimePassword } from '#server/identity/password.ts'

const password = 'correct horse battery'

/** Asks one path; rejects unless the answer is 200. */
export type Ask = (path: string) => Promise<Record<string, unknown>>

async function signIn(url: string): Promise<Ask> {
  const signedIn = await fetch(`${url}/api/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login: 'bench', password }),
  })
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  return async (path) => {
    const response = await fetch(`${url}${path}`, { headers: { cookie } })
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Record<string, unknown>
  }
}

/** Starts the server over the SQLite file, with its own files beside it, and asks it as somebody of finance and administration. */
export async function askServer<T>(path: string, use: (ask: Ask) => Promise<T>): Promise<T> {
  const url = `sqlite:${path}`
  const folder = dirname(path)
  await using database = await openDatabase({ url, clock: systemClock, random: systemRandom })
  const config = readServerConfig({
    HUINONG_DATABASE_URL: url,
    HUINONG_DATA_DIR: folder,
    HUINONG_HTTP_PORT: '0',
    HUINONG_MQTT_PORT: '0',
    HUINONG_REQUESTS_PER_MINUTE: '1000000',
    HUINONG_SECOND_FACTOR_ROLES: '',
    HUINONG_WEB_DIR: folder,
  })
  await using app = await createApp(config, { database, logger: pino({ level: 'silent' }) })
  const passwordHash = await hashOneTimePassword(password)
  const account = { login: 'bench', displayName: 'bench', roles: ['finance', 'admin'] as const, passwordHash }
  await database.run((ctx) => addAccounts(ctx, [{ ...account, mustChangePassword: false }]))
  return await use(await signIn(app.httpUrl))
}
