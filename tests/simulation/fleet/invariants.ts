// What must hold, looked at in the databases themselves and with none of the product's own proofs where SQL can say it.
import BetterSqlite3 from 'better-sqlite3'
import { hashOfEntry } from '#server/mqtt/journal-entries.ts'
import { genesisHash } from '#shared/contracts/mqtt/event.ts'
import { namedAccounts } from '#server/ledger/account-kinds.ts'
import { walletFen } from './shop.ts'
import type { Truth, World } from './world.ts'

type Row = Readonly<Record<string, string | number | null>>

function open(file: string): BetterSqlite3.Database {
  return new BetterSqlite3(file, { readonly: true, fileMustExist: true })
}

const text = (value: string | number | null | undefined) => String(value ?? '')

/** Each returns rows that break it; the first two columns say which. */
const always: ReadonlyArray<readonly [what: string, sql: string]> = [
  [
    'every transfer has its two entries and they sum to zero',
    `SELECT t.id, count(e.transfer_id) AS n, coalesce(sum(e.amount_fen), 0) AS fen FROM ledger_transfer t
     LEFT JOIN ledger_entry e ON e.transfer_id = t.id GROUP BY t.id HAVING n <> 2 OR fen <> 0`,
  ],
  [
    'every entry has its transfer',
    `SELECT e.transfer_id, e.account_id FROM ledger_entry e LEFT JOIN ledger_transfer t ON t.id = e.transfer_id WHERE t.id IS NULL`,
  ],
  [
    'every balance is the sum of its entries',
    `SELECT a.id, a.balance_fen FROM ledger_account a WHERE a.balance_fen IS NOT NULL AND a.balance_fen <>
     (SELECT coalesce(sum(e.amount_fen), 0) FROM ledger_entry e WHERE e.account_id = a.id)`,
  ],
  [
    'no household, wallet or hold is below zero',
    `SELECT account_id, sum(amount_fen) AS fen FROM ledger_entry
     WHERE account_id LIKE 'household:%' OR account_id LIKE 'wallet:%' OR account_id LIKE 'hold:%' GROUP BY account_id HAVING fen < 0`,
  ],
  [
    'a settled session is billed what its lines say, once',
    `SELECT s.session_id, s.total_fen, p.captured_fen, coalesce(sum(l.amount_fen), 0) AS lines FROM shopping_session s
     LEFT JOIN payment_intent p ON p.intent_id = s.session_id LEFT JOIN sale_line l ON l.session_id = s.session_id
     WHERE s.kind = 'sale' AND s.state = 'settled' GROUP BY s.session_id
     HAVING s.total_fen <> lines OR s.total_fen <> coalesce(p.captured_fen + p.short_fen, -1)`,
  ],
  [
    'a session that did not end settled is not billed',
    `SELECT s.session_id, s.state FROM shopping_session s WHERE s.state <> 'settled' AND
     (EXISTS (SELECT 1 FROM sale_line l WHERE l.session_id = s.session_id) OR
      EXISTS (SELECT 1 FROM payment_intent p WHERE p.intent_id = s.session_id AND p.captured_fen > 0))`,
  ],
  [
    'what is held is held for a session that goes on',
    `SELECT p.intent_id, s.state FROM payment_intent p JOIN shopping_session s ON s.session_id = p.intent_id
     WHERE (p.state = 'held') <>
     (s.state IN ('authorised', 'open', 'closing', 'silent', 'review') AND coalesce(s.flags, '') NOT LIKE '%hold_returned%')`,
  ],
  [
    'a wallet is what was paid in, less bills and holds, and refunds',
    `SELECT p.payer_account_id, w.fen, ${walletFen} - sum(CASE WHEN p.draws_on_intent_id IS NOT NULL THEN 0 WHEN p.state = 'held' THEN p.held_fen
     ELSE p.captured_fen + p.drawn_fen END) + sum(p.refunded_fen) - coalesce((SELECT sum(a.owed_fen) FROM payment_arrears a
     WHERE a.payer_account_id = p.payer_account_id AND a.paid_at_ms IS NOT NULL), 0) AS expected
     FROM payment_intent p JOIN (SELECT substr(account_id, 8) AS owner, sum(amount_fen) AS fen FROM ledger_entry
     WHERE account_id LIKE 'wallet:%' GROUP BY account_id) w ON w.owner = p.payer_account_id GROUP BY p.payer_account_id HAVING w.fen <> expected`,
  ],
  [
    'the stock of a lot is conserved',
    `SELECT l.lot_id, l.units_at_depot, l.units_received FROM lot l WHERE l.units_received <> l.units_at_depot
     + (SELECT coalesce(sum(units + units_missing), 0) FROM lane_stock s WHERE s.lot_id = l.lot_id)
     + (SELECT coalesce(sum(units), 0) FROM stock_move m WHERE m.lot_id = l.lot_id AND m.kind = 'sold')`,
  ],
  [
    'what left the books as sold is what the sale lines say',
    `SELECT q.session_id, x.lot_id, sum(x.count) AS sold FROM sale_line x JOIN shopping_session q ON q.session_id = x.session_id
     WHERE x.lot_id IS NOT NULL GROUP BY q.session_id, x.lot_id HAVING sold <>
     (SELECT coalesce(sum(m.units), 0) FROM stock_move m WHERE m.kind = 'sold' AND m.cause_id = q.session_id AND m.lot_id = x.lot_id)`,
  ],
  [
    'the books of a lane are the replay of its moves',
    `SELECT s.cabinet_id, s.lane_id, s.units FROM lane_stock s WHERE s.units <>
     (SELECT coalesce(sum(CASE m.to_place WHEN 'lane:' || s.cabinet_id || ':' || s.lane_id THEN m.units ELSE -m.units END), 0)
      FROM stock_move m WHERE m.lot_id = s.lot_id
      AND 'lane:' || s.cabinet_id || ':' || s.lane_id IN (m.from_place, m.to_place))`,
  ],
  [
    'what sessions drew on a pass is what the pass gave, and no more than its cap',
    `SELECT p.intent_id, p.held_fen, p.drawn_fen, sum(d.captured_fen) AS fen FROM payment_intent p
     JOIN payment_intent d ON d.draws_on_intent_id = p.intent_id GROUP BY p.intent_id HAVING fen <> p.drawn_fen OR fen > p.held_fen`,
  ],
  [
    'a line of a payout is paid by the bank once at most, less what came back',
    `SELECT t.cause_id, sum(CASE WHEN t.leg LIKE 'paid.%' THEN 1 WHEN t.leg LIKE 'returned.%' THEN -1 ELSE 0 END) AS n
     FROM ledger_transfer t WHERE t.cause_kind IN ('payout-line', 'payout-return') GROUP BY t.cause_id HAVING n NOT IN (0, 1)`,
  ],
  [
    'what is in transit to the bank went out and is not answered',
    `SELECT x.fen, x.expected FROM (SELECT
       (SELECT coalesce(sum(e.amount_fen), 0) FROM ledger_entry e WHERE e.account_id = '${namedAccounts.payouts}') AS fen,
       (SELECT coalesce(sum(CASE WHEN t.leg LIKE 'out.%' THEN t.amount_fen WHEN t.leg LIKE 'returned.%' THEN 0 ELSE -t.amount_fen END), 0)
        FROM ledger_transfer t WHERE t.cause_kind IN ('payout-line', 'payout-return')) AS expected) x WHERE x.fen <> x.expected`,
  ],
  [
    'a distribution pays out its pool, whole and once',
    `SELECT p.plan_id, p.state FROM distribution_plan p WHERE p.state = 'run' AND
     (SELECT coalesce(sum(l.amount_fen), 0) FROM distribution_line l WHERE l.plan_id = p.plan_id) <>
     (SELECT coalesce(sum(b.amount_fen), 0) FROM distribution_booking b WHERE b.plan_id = p.plan_id)`,
  ],
  [
    'no entry is kept with a sign of a broken journal or a failed handler',
    `SELECT cabinet_id, seq, type, flag FROM journal_entry WHERE flag LIKE '%chain_broken%' OR flag LIKE '%hash_wrong%'
     OR flag LIKE '%handler_failed%' OR flag LIKE '%invalid%'`,
  ],
  [
    'the attribution of a sale line sums to the line',
    `SELECT l.sale_line_id, l.amount_fen, coalesce(sum(t.amount_fen), 0) AS fen FROM sale_line l LEFT JOIN ledger_transfer t
     ON t.cause_kind = 'sale-line' AND t.cause_id = l.sale_line_id GROUP BY l.sale_line_id HAVING fen <> l.amount_fen`,
  ],
]

/** True at any instant: broken rows go to `world.fail`. */
export function checkAlways(world: World): void {
  const db = open(world.backend.databaseFile)
  try {
    for (const [what, sql] of always) {
      const broken = db.prepare(`${sql} LIMIT 3`).all() as Row[]
      if (broken.length > 0) world.fail(`${what}: ${JSON.stringify(broken)}`)
    }
  } finally {
    db.close()
  }
}

/** True once the faults have stopped and everything has had its time. */
export function checkAfterwards(world: World, truths: ReadonlyMap<string, Truth>): void {
  checkAlways(world)
  const db = open(world.backend.databaseFile)
  try {
    const ask = (sql: string, ...values: unknown[]) => db.prepare(sql).all(...values) as Row[]
    // A revocation is told again at each contact as long as its pass is good, which is longer than we wait.
    for (const row of ask(
      `SELECT command_id, kind FROM cabinet_command WHERE outcome IS NULL AND kind <> 'revoke-pass'`,
    ))
      world.fail(`command ${text(row['command_id'])} (${text(row['kind'])}) was never answered`)
    for (const row of ask(
      `SELECT session_id, state FROM shopping_session WHERE state IN ('authorised', 'open', 'closing')`,
    ))
      world.fail(`session ${text(row['session_id'])} is ${text(row['state'])} for ever`)
    for (const cabinet of world.cabinets) checkCabinet(world, ask, cabinet, truths)
  } finally {
    db.close()
  }
}

type Ask = (sql: string, ...values: unknown[]) => Row[]

function checkCabinet(
  world: World,
  ask: Ask,
  cabinet: World['cabinets'][number],
  truths: ReadonlyMap<string, Truth>,
): void {
  const { cabinetId, code, journal } = cabinet
  if (journal === undefined) return world.fail(`${code} does not run after the faults`)
  const chain = journal.prepare('SELECT * FROM chain').get() as { lastSeq: number; lastHash: string; ackedSeq: number }
  const [position] = ask(
    'SELECT committed_seq AS seq, last_hash AS hash FROM journal_position WHERE cabinet_id = ?',
    cabinetId,
  )
  if (position?.['seq'] !== chain.lastSeq || position['hash'] !== chain.lastHash || chain.ackedSeq !== chain.lastSeq)
    world.fail(
      `${code}: journal at ${chain.lastSeq}, acknowledged ${chain.ackedSeq}, server at ${text(position?.['seq'])}`,
    )
  let prevHash: unknown = genesisHash
  for (const row of ask('SELECT * FROM journal_entry WHERE cabinet_id = ? ORDER BY seq', cabinetId)) {
    const body = JSON.parse(text(row['body'])) as Record<string, unknown>
    const entry = {
      bootId: row['boot_id'],
      seq: row['wire_seq'],
      atMs: row['at_ms'],
      type: row['type'],
      body,
      prevHash: row['prev_hash'],
    }
    if (row['prev_hash'] !== prevHash || hashOfEntry(entry) !== row['hash']) {
      world.fail(`${code}: the server's chain breaks at ${text(row['seq'])}`)
      break
    }
    prevHash = row['hash']
  }
  checkTwin(world, ask, cabinet)
  checkSessions(world, ask, cabinet, truths)
}

function checkTwin(world: World, ask: Ask, { cabinetId, code }: World['cabinets'][number]): void {
  const [twin] = ask(
    `SELECT t.version, t.planogram, s.reported, s.is_online FROM cabinet_twin t JOIN cabinet_status s ON s.cabinet_id = t.cabinet_id WHERE t.cabinet_id = ?`,
    cabinetId,
  )
  const reported = JSON.parse(text(twin?.['reported'] ?? '{}')) as { desiredVersion?: number }
  if (twin?.['is_online'] !== 1) world.fail(`${code} is not online after the faults`)
  if (reported.desiredVersion !== twin?.['version'])
    world.fail(`${code}: the twin should be ${text(twin?.['version'])} and is ${text(reported.desiredVersion)}`)
}

const endOf: Readonly<Record<string, readonly string[]>> = {
  'session.settled': ['settled'],
  'restock.completed': ['settled'],
  'session.review': ['review', 'settled'],
  'session.refused': ['refused'],
  // The answer to the unlock says so too, and may be there first.
  'session.not_opened': ['not_opened', 'refused'],
  'session.interrupted': ['interrupted'],
}

function checkSessions(
  world: World,
  ask: Ask,
  { cabinetId, code, journal }: World['cabinets'][number],
  truths: ReadonlyMap<string, Truth>,
): void {
  const own = journal?.prepare('SELECT sessionId, opening, finalEvent FROM sessions').all() as Array<{
    sessionId: string
    opening: string | null
    finalEvent: string | null
  }>
  const ended = new Map(own.map(({ sessionId, finalEvent }) => [sessionId, finalEvent]))
  const begun = new Set(own.flatMap(({ sessionId, opening }) => (opening === null ? [] : [sessionId])))
  const known = ask('SELECT session_id, state, kind, reason FROM shopping_session WHERE cabinet_id = ?', cabinetId)
  const states = new Map(known.map((row) => [text(row['session_id']), text(row['state'])]))
  for (const [sessionId, finalEvent] of ended) {
    const state = states.get(sessionId)
    if (finalEvent === null) world.fail(`${code}: session ${sessionId} never ended in the cabinet`)
    // What a pass did not open never began, and the server makes no session of it.
    else if (state === undefined && !begun.has(sessionId)) continue
    else if (state === undefined) world.fail(`${code}: the server never made session ${sessionId}`)
    else if (endOf[finalEvent]?.includes(state) !== true)
      world.fail(`session ${sessionId}: the cabinet says ${finalEvent}, the server ${state}`)
  }
  for (const [sessionId, { cabinetCode }] of truths) {
    if (cabinetCode !== code) continue
    if (!ended.has(sessionId))
      world.fail(`${code}: a buyer was served in session ${sessionId} and the cabinet has lost it`)
  }
}

/** Bills of sessions whose boards told the truth, against what was taken. Returns how many differ. */
export function countWrongBills(
  world: World,
  truths: ReadonlyMap<string, Truth>,
): { settled: number; over: number; under: number } {
  const db = open(world.backend.databaseFile)
  const counts = { settled: 0, over: 0, under: 0 }
  try {
    const linesOf = db.prepare('SELECT lane_id, count FROM sale_line WHERE session_id = ?')
    const settled = db
      .prepare(`SELECT session_id FROM shopping_session WHERE state = 'settled' AND kind = 'sale'`)
      .all() as Array<{ session_id: string }>
    for (const { session_id: sessionId } of settled) {
      const truth = truths.get(sessionId)
      if (truth === undefined) continue
      counts.settled += 1
      const billed = new Map(
        (linesOf.all(sessionId) as Array<{ lane_id: string; count: number }>).map((line) => [line.lane_id, line.count]),
      )
      for (const laneId of new Set([...billed.keys(), ...truth.taken.keys()])) {
        const difference = (billed.get(laneId) ?? 0) - (truth.taken.get(laneId) ?? 0)
        if (difference > 0) counts.over += 1
        if (difference < 0) counts.under += 1
      }
    }
  } finally {
    db.close()
  }
  return counts
}
