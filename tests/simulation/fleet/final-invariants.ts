// What must hold once the faults have stopped and everything has had its time: both sides of every link agree.
import { genesisHash } from '#shared/contracts/mqtt/event.ts'
import { hashOfEntry } from '#server/mqtt/journal-entries.ts'
import { text, type Row } from './server-file.ts'
import { checkAlways, type Checked } from './standing-invariants.ts'
import type { Truth } from './world.ts'

export function checkAfterwards(world: Checked, truths: ReadonlyMap<string, Truth>): void {
  checkAlways(world)
  world.backend.file.look((db) => {
    const ask = (sql: string, ...values: unknown[]) => db.prepare(sql).all(...values) as Row[]
    for (const { command_id, kind } of ask('SELECT command_id, kind FROM cabinet_command WHERE outcome IS NULL'))
      world.fail(`command ${text(command_id)} (${text(kind)}) was never answered`)
    // A pass is dead everywhere: each cabinet has heard it, or was away until the pass had expired by itself.
    for (const { command_id, outcome } of ask(
      `SELECT command_id, outcome FROM cabinet_command WHERE kind = 'revoke-pass' AND outcome NOT IN ('done', 'expired')`,
    ))
      world.fail(`a pass was not revoked: ${text(command_id)} is ${text(outcome)}`)
    for (const { session_id, state } of ask(
      `SELECT session_id, state FROM shopping_session WHERE state IN ('authorised', 'open', 'closing')`,
    ))
      world.fail(`session ${text(session_id)} is ${text(state)} for ever`)
    for (const cabinet of world.cabinets) checkCabinet(world, ask, cabinet, truths)
  })
}

type Ask = (sql: string, ...values: unknown[]) => Row[]

function checkCabinet(
  world: Checked,
  ask: Ask,
  cabinet: Checked['cabinets'][number],
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

function checkTwin(world: Checked, ask: Ask, { cabinetId, code }: Checked['cabinets'][number]): void {
  const [twin] = ask(
    `SELECT t.version, t.planogram, s.reported, s.is_online FROM cabinet_twin t JOIN cabinet_status s ON s.cabinet_id = t.cabinet_id WHERE t.cabinet_id = ?`,
    cabinetId,
  )
  const reported = JSON.parse(text(twin?.['reported'] ?? '{}')) as { desiredVersion?: number }
  if (twin?.['is_online'] !== 1) world.fail(`${code} is not online after the faults`)
  if (reported.desiredVersion !== twin?.['version'])
    world.fail(`${code}: the twin should be ${text(twin?.['version'])} and is ${text(reported.desiredVersion)}`)
}

/** A cabinet's clock may be half a day wrong; it forgets sessions after 90 days. */
const rememberedMs = 88 * 86_400_000
const bornMs = (sessionId: string) => Number.parseInt(sessionId.slice(0, 13).replace('-', ''), 16)

/** How the cabinet ends what opened nothing. */
const nothingBegan: ReadonlySet<string> = new Set(['session.refused', 'session.interrupted'])

const endOf: Readonly<Record<string, readonly string[]>> = {
  'session.settled': ['settled'],
  'restock.completed': ['settled'],
  'session.review': ['review', 'settled'],
  'session.refused': ['refused'],
  // The answer to the unlock says so too, and may be there first.
  'session.not_opened': ['not_opened', 'refused'],
  'session.interrupted': ['interrupted'],
}

/** While the cabinet was silent somebody may have decided that nothing is paid; what it says later changes nothing. */
const isLetGo = (ask: Ask, sessionId: string) =>
  ask(
    `SELECT 1 FROM audit_row a JOIN shopping_session s ON s.session_id = a.subject_id
     WHERE a.subject_id = ? AND a.action = 'session.review_decided' AND s.state = 'settled' AND coalesce(s.total_fen, 0) = 0`,
    sessionId,
  ).length > 0

function checkSessions(
  world: Checked,
  ask: Ask,
  { cabinetId, code, journal }: Checked['cabinets'][number],
  truths: ReadonlyMap<string, Truth>,
): void {
  const own = journal?.prepare('SELECT sessionId, commandId, finalEvent FROM sessions').all() as Array<{
    sessionId: string
    commandId: string
    finalEvent: string | null
  }>
  const ended = new Map(own.map(({ sessionId, finalEvent }) => [sessionId, finalEvent]))
  const known = ask('SELECT session_id, state FROM shopping_session WHERE cabinet_id = ?', cabinetId)
  const states = new Map(known.map((row) => [text(row['session_id']), text(row['state'])]))
  for (const { sessionId, commandId, finalEvent } of own) {
    const state = states.get(sessionId)
    if (finalEvent === null) world.fail(`${code}: session ${sessionId} never ended in the cabinet`)
    else if (state === undefined) {
      // The server hears of a session on a pass when the lock is about to fire. Refused or cut short before, it never was one.
      const isNone = world.passes.has(commandId) && nothingBegan.has(finalEvent) && !world.pulsed.has(sessionId)
      if (!isNone) world.fail(`${code}: the server never made session ${sessionId}`)
    } else if (endOf[finalEvent]?.includes(state) !== true && !isLetGo(ask, sessionId))
      world.fail(`session ${sessionId}: the cabinet says ${finalEvent}, the server ${state}`)
  }
  const newestMs = [...truths.keys()].reduce((newest, sessionId) => Math.max(newest, bornMs(sessionId)), 0)
  for (const [sessionId, { cabinetCode }] of truths) {
    if (cabinetCode !== code || bornMs(sessionId) < newestMs - rememberedMs) continue
    if (!ended.has(sessionId))
      world.fail(`${code}: a buyer was served in session ${sessionId} and the cabinet has lost it`)
  }
}
