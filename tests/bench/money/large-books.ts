// Ledger entries by the million as attributed sale lines make them (eight a line), written by sets: each line is 10.00 yuan of a lot of
// two households, split into four parts (4.00 and 3.00 to the households by weight, 2.00 to the supplier, 1.00 to the operator).
// Sale lines may be more than those that are booked: lists of sales are then long, and the ledger is not.
// The rows are those the product writes; the bench proves that by letting the product prove the books.
import BetterSqlite3 from 'better-sqlite3'
import { seededRandom } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '#server/db/open-database.ts'
import { rollUpLedger } from '#server/ledger/roll-up-ledger.ts'

export const householdCount = 10_000
const linesPerSession = 5
const lots = householdCount / 2
const lineFen = 1_000
/** Between two sale lines: together they last some months, and end before now. */
const stepMs = 10_000
const dayMs = 86_400_000

export function householdCodeAt(index: number): string {
  return `500112142201${String(index).padStart(4, '0')}`
}

const id = (space: string, number: string) => `printf('${space}-0000-7000-8000-%012x', ${number})`
const line = id('01990001', 'i')
const session = id('01990002', `i / ${linesPerSession}`)
const lot = id('01990003', `i % ${lots}`)
const supplierId = '01990004-0000-7000-8000-000000000001'
const supplier = `supplier:${supplierId}`
const organisationId = '01990005-0000-7000-8000-000000000001'
const skus = 20
const sku = id('01990006', `i % ${skus}`)
const planId = '01990007-0000-7000-8000-000000000001'
const cabinetId = '01990008-0000-7000-8000-000000000001'
const household = (number: string) => `printf('500112142201%04d', ${number})`

/** The parts of a line: who gets how much of which share. */
const parts = [
  { role: 'household', to: `'household:' || ${household(`2 * (i % ${lots})`)}`, code: household(`2 * (i % ${lots})`) },
  {
    role: 'household',
    to: `'household:' || ${household(`2 * (i % ${lots}) + 1`)}`,
    code: household(`2 * (i % ${lots}) + 1`),
  },
  { role: 'supplier', to: `'${supplier}'`, code: 'null' },
  { role: 'operator', to: `'fee:operator'`, code: 'null' },
].map((part, ordinal) => ({
  ...part,
  ordinal,
  fen: [400, 300, 200, 100][ordinal] ?? 0,
  shareBp: [7_000, 7_000, 2_000, 1_000][ordinal] ?? 0,
  weights: part.role === 'household' ? `${4 - ordinal}000000, 7000000` : '1, 1',
}))

function statementsOf(startMs: number, saleLines: number, bookedLines: number): string[] {
  const at = `${startMs} + i * ${stepMs}`
  const over = (count: number) =>
    `with recursive n(i) as (select 0 union all select i + 1 from n where i < ${count - 1})`
  const sold = over(saleLines)
  const all = over(bookedLines)
  return [
    `insert into organisation values ('${organisationId}', '联合社', 'enterprise', '500112142', ${startMs})`,
    `insert into supplier values ('${supplierId}', '${organisationId}', '供货商', 'enterprise', 1, '500112142', '大盛镇', '023', ${startMs})`,
    `${over(skus)} insert into sku (sku_id, name, spec, origin, category, food_class, mode, price_fen, is_certified, label_unit_mass_mg, label_unit_mass_sd_mg, shelf_life_days, created_at_ms)
       select ${sku}, '沃柑 ' || i, '1 kg', '大盛镇', case i % 2 when 0 then 'fruit' else 'vegetable' end, 'EDIBLE_AGRI', 'piece', ${lineFen}, 1, 1000000, 20000, 14, ${startMs} from n`,
    `insert into revenue_plan values ('${planId}', '${supplierId}', 1, 'approved', 0, 7000, 2000, 0, 1000, 100, 'bench', 'a', 0, 'b', 0)`,
    `insert into village values ('500112142201', '青龙村', '500112142', '大盛镇')`,
    `${over(householdCount)} insert into household (household_code, head_name, population, village_code, kind)
       select ${household('i')}, '王某', 3, '500112142201', 'EXITED' from n`,
    `${over(lots)} insert into lot (lot_id, trace_code, sku_id, supplier_id, harvested_at_ms, received_at_ms, expires_at_ms, units_received, units_at_depot, certificate_number, received_by)
       select ${lot}, printf('T%06d', i), ${sku}, '${supplierId}', ${startMs}, ${startMs}, ${startMs}, 1000, 0, 'C', 'keeper' from n`,
    ...[0, 1].map(
      (ordinal) =>
        `${over(lots)} insert into lot_source (lot_id, ordinal, household_code, mass_mg) select ${lot}, ${ordinal}, ${household(`2 * i + ${ordinal}`)}, ${4 - ordinal}000000 from n`,
    ),
    `${over(householdCount)} insert into ledger_account select 'household:' || ${household('i')}, 'household', ${household('i')}, 0, ${startMs} from n`,
    `insert into ledger_account values ('channel:wallet', 'channel', 'wallet', null, ${startMs}), ('${supplier}', 'supplier', '${supplierId}', null, ${startMs}), ('fee:operator', 'fee', 'operator', null, ${startMs})`,
    `${over(saleLines / linesPerSession)} insert into shopping_session (session_id, kind, cabinet_id, cabinet_code, host_site_name, account_id, account_name, idempotency_key, state, command_id, planogram_version, prices_version, held_fen, total_fen, authorised_at_ms)
       select ${id('01990002', 'i')}, 'sale', '${cabinetId}', 'YB-0001', '区医院', 'buyer', 'buyer', 'intent-' || i, 'settled', 'c' || i, 1, 1, 10000, ${linesPerSession * lineFen}, ${startMs} + i * ${stepMs * linesPerSession} from n`,
    `${sold} insert into sale_line (sale_line_id, session_id, lane_id, sku_id, lot_id, mode, count, unit_price_fen, list_fen, amount_fen, is_certified, at_ms)
       select ${line}, ${session}, 'L01', ${sku}, ${lot}, 'piece', 1, ${lineFen}, ${lineFen}, ${lineFen}, 1, ${at} from n`,
    `${all} insert into attributed_line select ${line}, '${planId}', ${lineFen}, 1, ${lot}, 'channel:wallet', ${at} from n`,
    `${all}, p(ordinal) as (values ${parts.map(({ ordinal }) => `(${ordinal})`).join()})
       insert into ledger_transfer (id, debit_account_id, credit_account_id, amount_fen, cause_kind, cause_id, leg, at_ms)
       select 'sale-line:' || ${line} || ':' || ordinal, 'channel:wallet', case ordinal ${parts.map(({ ordinal, to }) => `when ${ordinal} then ${to}`).join(' ')} end,
         case ordinal ${parts.map(({ ordinal, fen }) => `when ${ordinal} then ${fen}`).join(' ')} end, 'sale-line', ${line}, ordinal, ${at} from n, p`,
    ...parts.map(
      ({ role, to, code, ordinal, fen, shareBp, weights }) =>
        `${all} insert into attribution_part select ${line}, ${ordinal}, '${role}', ${to}, ${code}, ${role === 'household' ? ordinal : 'null'}, ${fen}, ${shareBp}, ${(lineFen * shareBp) / 10_000}, ${weights}, 0 from n`,
    ),
    `insert into ledger_entry select debit_account_id, at_ms, id, -amount_fen from ledger_transfer`,
    `insert into ledger_entry select credit_account_id, at_ms, id, amount_fen from ledger_transfer order by credit_account_id, at_ms, id`,
    `update ledger_account set balance_fen = (select sum(amount_fen) from ledger_entry where account_id = id) where kind = 'household'`,
  ]
}

/**
 * Fills an empty database file with so many sale lines, of which the first are booked (default: all), and rolls the ledger up as the
 * server's job does, day by day.
 */
export async function seedLargeBooks(
  path: string,
  clock: Clock,
  saleLines: number,
  bookedLines = saleLines,
): Promise<void> {
  const options = { url: `sqlite:${path}`, clock, random: seededRandom(1) }
  await (await openDatabase(options)).close()
  const client = new BetterSqlite3(path)
  for (const setting of ['synchronous = OFF', 'foreign_keys = OFF', 'cache_size = -262144', 'temp_store = FILE'])
    client.pragma(setting)
  const firstMs = clock.now() - saleLines * stepMs - 3_600_000
  const statements = statementsOf(firstMs, saleLines, bookedLines)
  const startMs = systemClock.monotonicMs()
  for (const [index, statement] of statements.entries()) {
    client.exec(statement)
    const seconds = Math.round((systemClock.monotonicMs() - startMs) / 1_000)
    process.stderr.write(`  seeded ${index + 1} of ${statements.length} sets, ${seconds} s\n`)
  }
  client.exec('analyze')
  client.close()
  await using database = await openDatabase(options)
  for (let atMs = firstMs; atMs < clock.now(); atMs += dayMs) await rollUpLedger(database, atMs)
  await rollUpLedger(database, clock.now())
}
