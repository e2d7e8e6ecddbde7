// The server with the demo's data and the built pages, on a clock that the test sets: for what takes days at a desk.
//
//   await using desk = await openDemoDesk()
//   await signInAt(page, desk.url, 'finance')
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { asc, eq } from 'drizzle-orm'
import { pino } from 'pino'
import type { Page } from 'playwright-core'
import { seededRandom, systemRandom } from '#shared/ids/random.ts'
import { createApp } from '#server/app.ts'
import { readServerConfig } from '#server/config/server-config.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { rows, type Unit, type UnitContext } from '#server/db/unit.ts'
import { createClosing } from '#server/demo/closing.ts'
import { inventDemoData, type DemoData } from '#server/demo/data/demo-data.ts'
import { seedDemo } from '#server/demo/seed-demo.ts'
import { collectImpact } from '#server/disclosure/collect-impact.ts'
import { publishDays } from '#server/disclosure/publish-day.ts'
import { accountIdOf } from '#server/ledger/account-kinds.ts'
import { postTransfers } from '#server/ledger/post-transfers.ts'
import { climbLadder } from '#server/mark-downs/climb-ladder.ts'
import { openSealer } from '#server/personal-data/open-sealer.ts'
import { bookReportedLoad } from '#server/stock/load-lane.ts'
import { buildWeb } from '../../.tools/build-web.mjs'
import { TestClock } from './test-clock.ts'

export interface DemoDesk extends AsyncDisposable {
  readonly url: string
  readonly data: DemoData
  readonly clock: TestClock
  /** Credits the first households with produce sold, so much each. */
  earn(households: number, amountFen: number): Promise<void>
  /** Puts so many units of each SKU's first lot into the lanes of the live cabinets, as if they had been restocked. */
  shelve(units: number): Promise<void>
  /** Does the job of the near-expiry ladder. */
  climbLadder(): Promise<void>
  /** Publishes the day, and then what is over five weeks later: a whole month. */
  publishMonth(): Promise<void>
}

const builtPages = fileURLToPath(new URL('../../server/web/dist', import.meta.url))

export async function openDemoDesk(environment: Readonly<Record<string, string>> = {}): Promise<DemoDesk> {
  await buildWeb()
  const parts = createClosing()
  const clock = new TestClock()
  const folder = await mkdtemp(join(tmpdir(), 'huinong-desk-'))
  parts.defer(() => rm(folder, { recursive: true, force: true }))
  const config = readServerConfig({
    HUINONG_DATABASE_URL: `sqlite:${join(folder, 'huinong.db')}`,
    HUINONG_DATA_DIR: folder,
    HUINONG_HTTP_PORT: '0',
    HUINONG_MQTT_PORT: '0',
    HUINONG_REQUESTS_PER_MINUTE: '100000',
    HUINONG_SECOND_FACTOR_ROLES: '',
    HUINONG_WEB_DIR: builtPages,
    ...environment,
  })
  const database = await openDatabase({ url: config.databaseUrl, clock, random: systemRandom })
  parts.defer(() => database.close())
  const sealer = await openSealer(database, config.dataKeys)
  const data = inventDemoData(seededRandom(2020))
  await seedDemo(database, data, { random: seededRandom(1), sealer, hasPast: false })
  const app = parts.use(await createApp(config, { clock, database, logger: pino({ level: 'silent' }) }))
  return {
    url: app.httpUrl,
    data,
    clock,
    async earn(households, amountFen) {
      await database.run((ctx) =>
        postTransfers(
          ctx,
          data.households.slice(0, households).map(({ householdCode }) => ({
            debit: accountIdOf('channel', 'wallet'),
            credit: accountIdOf('household', householdCode),
            amountFen,
            cause: { kind: 'sale-line' as const, id: householdCode },
            leg: '0',
          })),
        ),
      )
    },
    shelve: (units) => database.run((ctx) => shelveEverywhere(ctx, units)),
    climbLadder: () => climbLadder(app.ctx),
    async publishMonth() {
      for (const days of [2, 35]) {
        clock.setWall(clock.now() + days * 86_400_000)
        await publishDays(app.ctx)
        await collectImpact(database)
      }
    },
    [Symbol.asyncDispose]: () => parts[Symbol.asyncDispose](),
  }
}

function* shelveEverywhere(ctx: UnitContext, units: number): Unit<void> {
  const { cabinets: c, cabinetTwins: w, lots } = ctx.tables
  const twins = yield* rows(
    ctx.db
      .select({ cabinetId: c.cabinetId, planogram: w.planogram })
      .from(c)
      .innerJoin(w, eq(w.cabinetId, c.cabinetId))
      .where(eq(c.rolloutState, 'live')),
  )
  const found = yield* rows(ctx.db.select({ lotId: lots.lotId, skuId: lots.skuId }).from(lots).orderBy(asc(lots.lotId)))
  for (const { cabinetId, planogram } of twins)
    for (const { laneId, skuId } of planogram.lanes) {
      const lotId = found.find((lot) => lot.skuId === skuId)?.lotId
      if (lotId !== undefined) yield* bookReportedLoad(ctx, { cabinetId, laneId, lotId, units, causeId: ctx.newId() })
    }
}

/** Signs a demo account in at the administration, in place of whoever was there, and goes to the path. */
export async function signInAt(page: Page, url: string, login: string, path = '/admin/'): Promise<void> {
  await page.context().clearCookies()
  await page.goto(`${url}/admin/sign-in?next=${encodeURIComponent(path.replace(/^\/admin/, ''))}`)
  await page.locator('#login').fill(login)
  await page.locator('#password').fill(`${login}-huinong`)
  await page.locator('button[type=submit]').click()
  await page.locator('.side footer').waitFor()
}
