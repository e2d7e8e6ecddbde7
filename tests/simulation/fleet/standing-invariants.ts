// What must hold of the server's database at any instant, looked at with none of the product's own proofs.
import type BetterSqlite3 from 'better-sqlite3'
import { namedAccounts } from '#server/ledger/account-kinds.ts'
import { walletFen } from './shop.ts'
import type { Row, ServerFile } from './server-file.ts'

/** What is looked at: a server and cabinets whose databases are files, in one process or in many. */
export interface Checked {
  readonly backend: { readonly file: Pick<ServerFile, 'look'> }
  /** Without a journal a cabinet does not run. */
  readonly cabinets: ReadonlyArray<{
    readonly cabinetId: string
    readonly code: string
    readonly journal: BetterSqlite3.Database | undefined
  }>
  /** Passes that buyers hold, by the command id of their sessions. */
  readonly passes: { has(commandId: string): boolean }
  /** Sessions for which a lock was fired. */
  readonly pulsed: { has(sessionId: string): boolean }
  fail(what: string): void
}

/** Where goods go for good. */
const gone = `('buyer', 'wastage', 'shrink', 'donation')`

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
     LEFT JOIN ledger_transfer t ON t.id = 'arrears:' || s.session_id || ':paid'
     WHERE s.kind = 'sale' AND s.state = 'settled' GROUP BY s.session_id
     HAVING s.total_fen <> lines OR s.total_fen <> coalesce(p.captured_fen - coalesce(t.amount_fen, 0) + p.short_fen, -1)`,
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
     ELSE p.captured_fen + p.drawn_fen END) + sum(p.refunded_fen) - coalesce((SELECT sum(t.amount_fen) FROM payment_intent d
     JOIN ledger_transfer t ON t.id = 'arrears:' || d.intent_id || ':paid'
     WHERE d.payer_account_id = p.payer_account_id AND d.draws_on_intent_id IS NOT NULL), 0) AS expected
     FROM payment_intent p JOIN (SELECT substr(account_id, 8) AS owner, sum(amount_fen) AS fen FROM ledger_entry
     WHERE account_id LIKE 'wallet:%' GROUP BY account_id) w ON w.owner = p.payer_account_id GROUP BY p.payer_account_id HAVING w.fen <> expected`,
  ],
  [
    'the stock of a lot is conserved',
    `SELECT l.lot_id, l.units_at_depot, l.units_received FROM lot l WHERE l.units_received <> l.units_at_depot
     + (SELECT coalesce(sum(units + units_missing), 0) FROM lane_stock s WHERE s.lot_id = l.lot_id)
     + (SELECT coalesce(sum(CASE WHEN m.to_place IN ${gone} THEN m.units WHEN m.from_place IN ${gone} THEN -m.units ELSE 0 END), 0)
        FROM stock_move m WHERE m.lot_id = l.lot_id)`,
  ],
  [
    'whoever bears a loss has paid the producers for it',
    `SELECT s.loss_id, s.owed_fen, coalesce(sum(t.amount_fen), 0) AS fen FROM stock_loss s LEFT JOIN ledger_transfer t
     ON t.cause_id = s.loss_id AND t.cause_kind IN ('stock-loss', 'donation') GROUP BY s.loss_id HAVING fen <> s.owed_fen`,
  ],
  [
    'a lane where a recalled lot lies is locked',
    `SELECT s.cabinet_id, s.lane_id, r.recall_id FROM recall r JOIN lane_stock s ON s.lot_id = r.lot_id AND (s.units <> 0 OR s.units_missing <> 0)
     WHERE r.closed_at_ms IS NULL AND NOT EXISTS (SELECT 1 FROM lane_lock k WHERE k.cabinet_id = s.cabinet_id
     AND k.lane_id = s.lane_id AND k.reason = 'recalled' AND k.cause_id = r.recall_id AND k.released_at_ms IS NULL)`,
  ],
  [
    'what left the books as sold is what the sale lines say',
    `SELECT session_id, lot_id, sum(units) AS missing FROM
     (SELECT session_id, lot_id, count AS units FROM sale_line WHERE lot_id IS NOT NULL
      UNION ALL SELECT cause_id, lot_id, -units FROM stock_move WHERE kind = 'sold')
     GROUP BY session_id, lot_id HAVING missing <> 0`,
  ],
  [
    'the books of a lane are the replay of its moves',
    `SELECT place, lot_id, sum(units) AS missing FROM
     (SELECT 'lane:' || cabinet_id || ':' || lane_id AS place, lot_id, units FROM lane_stock
      UNION ALL SELECT to_place, lot_id, -units FROM stock_move WHERE to_place LIKE 'lane:%'
      UNION ALL SELECT from_place, lot_id, units FROM stock_move WHERE from_place LIKE 'lane:%')
     GROUP BY place, lot_id HAVING missing <> 0`,
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
    'a payout line whose answer is booked does not wait for one',
    `SELECT a.line_id, a.attempt, a.outcome FROM payout_attempt a WHERE a.outcome IN ('unanswered', 'unknown') AND EXISTS
     (SELECT 1 FROM ledger_transfer t WHERE t.id IN ('payout-line:' || a.line_id || ':paid.' || a.attempt,
      'payout-return:' || a.line_id || ':failed.' || a.attempt))`,
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
    'the server knows every session, pass and shelf that a cabinet speaks of',
    // A person may have let a silent visit go before its cabinet told the end of it.
    `SELECT f.cabinet_id, f.seq, f.finding, f.detail FROM session_finding f LEFT JOIN shopping_session s ON s.session_id = f.session_id
     WHERE f.finding IN ('unknown_session', 'foreign_session', 'unknown_pass', 'unknown_shelf', 'settled_again')
     AND NOT (f.finding = 'settled_again' AND coalesce(s.flags, '') LIKE '%reviewed%')`,
  ],
  [
    'what was refunded went back to who paid, and was taken from who earned',
    `SELECT r.refund_id, r.amount_fen, coalesce(p.amount_fen, 0) AS paid,
     (SELECT coalesce(sum(t.amount_fen), 0) FROM ledger_transfer t
      WHERE t.id BETWEEN 'refund:' || r.refund_id || ':' AND 'refund:' || r.refund_id || ';') AS posted,
     (SELECT coalesce(sum(t.amount_fen), 0) FROM ledger_transfer t
      WHERE t.id BETWEEN 'sale-refund:' || r.refund_id || ':' AND 'sale-refund:' || r.refund_id || ';') AS taken
     FROM sale_refund r LEFT JOIN payment_refund p ON p.refund_id = r.refund_id
     GROUP BY r.refund_id HAVING paid <> r.amount_fen OR posted <> r.amount_fen OR taken <> r.amount_fen`,
  ],
  [
    'the attribution of a sale line sums to the line',
    `SELECT l.sale_line_id, l.amount_fen, coalesce(sum(t.amount_fen), 0) AS fen FROM sale_line l LEFT JOIN ledger_transfer t
     ON t.id BETWEEN 'sale-line:' || l.sale_line_id || ':' AND 'sale-line:' || l.sale_line_id || ';'
     GROUP BY l.sale_line_id HAVING fen <> l.amount_fen`,
  ],
]

/** True at any instant: broken rows go to `world.fail`. */
export function checkAlways(world: Checked): void {
  world.backend.file.look((db) => {
    for (const [what, sql] of always) {
      const broken = db.prepare(`${sql} LIMIT 3`).all() as Row[]
      if (broken.length > 0) world.fail(`${what}: ${JSON.stringify(broken)}`)
    }
  })
}
