// How commands end: by the cabinet's reply, recorded once, or as expired by the server when none came. Handlers of the kind
// run in the same transaction, so that what hangs on the command (a hold of money) ends with it.
import { and, asc, eq, gt, isNull, lt } from 'drizzle-orm'
import { type Command, type CommandKind, commandBodies, type Reply } from '#shared/contracts/mqtt/command.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Effect } from '../context.ts'
import { command, exec, one, type Params, rows, statement, type Unit, type UnitContext } from '../db/unit.ts'
import type { CommandEnd, CommandEndHandler, CommandEndHandlers } from '../mqtt/event-handlers.ts'

/** After its expiry a command may still be answered for this long: it may have been executed just before. */
export const replyGraceMs = 15_000
/** Most commands one sweep ends. */
const sweepSize = 200

export type CommandEndTable = ReadonlyMap<CommandKind, readonly CommandEndHandler[]>

export function makeCommandEndTable(all: readonly CommandEndHandlers[]): CommandEndTable {
  const table = new Map<CommandKind, CommandEndHandler[]>()
  for (const handlers of all) {
    for (const [kind, handler] of Object.entries(handlers) as Array<[CommandKind, CommandEndHandler]>) {
      table.set(kind, [...(table.get(kind) ?? []), handler])
    }
  }
  return table
}

/** The cabinet obeys none of the keys that signed the command. It keeps nothing of it, so another copy may be carried out still. */
const isDisbelieved = ({ outcome, reason }: Reply) => outcome === 'refused' && reason === 'bad_signature'

type CommandRow = UnitContext['tables']['cabinetCommands']['$inferSelect']
type Ending = Pick<CommandRow, 'outcome' | 'reason' | 'detail' | 'report' | 'repliedAtMs' | 'isEndedByServer'>

const writeEnd = command(({ db, tables: { cabinetCommands: t } }, p: Params<Ending & { commandId: string }>) =>
  db
    .update(t)
    .set({
      outcome: p.outcome as never,
      reason: p.reason as never,
      detail: p.detail as never,
      report: p.report as never,
      repliedAtMs: p.repliedAtMs as never,
      isEndedByServer: p.isEndedByServer as never,
    })
    .where(eq(t.commandId, p.commandId)),
)

const writeDetail = command(
  ({ db, tables: { cabinetCommands: t } }, p: Params<{ commandId: string; detail: string }>) =>
    db
      .update(t)
      .set({ detail: p.detail as never })
      .where(eq(t.commandId, p.commandId)),
)

const commandOf = statement(
  ({ db, tables: { cabinetCommands: t } }, p: Params<{ commandId: string; cabinetId: string }>) =>
    db
      .select()
      .from(t)
      .where(and(eq(t.commandId, p.commandId), eq(t.cabinetId, p.cabinetId))),
)

const unansweredSince = statement(({ db, tables: { cabinetCommands: t } }, p: Params<{ beforeMs: number }>) =>
  db
    .select()
    .from(t)
    .where(and(isNull(t.outcome), lt(t.expiresAtMs, p.beforeMs)))
    .orderBy(asc(t.expiresAtMs))
    .limit(sweepSize),
)

function* endCommand(
  ctx: UnitContext,
  handlers: CommandEndTable,
  row: CommandRow,
  end: Pick<CommandEnd, 'reply' | 'isByServer'>,
): Unit<readonly Effect[]> {
  const { cabinetId, commandId, kind, body, issuedAtMs, expiresAtMs } = row
  const { outcome, reason = null, detail = null, report = null, atMs: repliedAtMs } = end.reply
  yield* exec(
    writeEnd.with({ commandId, outcome, reason, detail, report, repliedAtMs, isEndedByServer: end.isByServer }),
  )
  const effects: Effect[] = []
  if (!Object.hasOwn(commandBodies, kind)) return effects
  const ended = { commandId, kind, body, issuedAtMs, expiresAtMs }
  for (const handler of handlers.get(kind as CommandKind) ?? [])
    effects.push(...(yield* handler(ctx, { cabinetId, command: ended, ...end })))
  return effects
}

export interface RecordedReply {
  /**
   * `unknown`: no such command of this cabinet. `repeated`: it was answered before. `disbelieved`: it ends nothing, the command counts
   * until it expires.
   */
  readonly verdict: 'recorded' | 'repeated' | 'unknown' | 'disbelieved'
  readonly kind: string | undefined
  readonly effects: readonly Effect[]
}

/**
 * Records a cabinet's reply. The first one counts; it also replaces the server's own `expired`. That a signature was not believed ends
 * nothing: the copy may have been signed by a key that was changed meanwhile, or by nobody of ours.
 */
export function* recordReply(
  ctx: UnitContext,
  handlers: CommandEndTable,
  cabinetId: Id,
  reply: Reply,
): Unit<RecordedReply> {
  const row = yield* one(commandOf.with({ commandId: reply.commandId, cabinetId }))
  if (row === undefined) return { verdict: 'unknown', kind: undefined, effects: [] }
  if (row.outcome !== null && !row.isEndedByServer) return { verdict: 'repeated', kind: row.kind, effects: [] }
  if (isDisbelieved(reply)) {
    yield* exec(writeDetail.with({ commandId: row.commandId, detail: 'bad_signature' }))
    return { verdict: 'disbelieved', kind: row.kind, effects: [] }
  }
  const effects = yield* endCommand(ctx, handlers, row, { reply, isByServer: false })
  return { verdict: 'recorded', kind: row.kind, effects }
}

const findLate = (nowMs: number) => rows(unansweredSince.with({ beforeMs: nowMs - replyGraceMs }))

/** Whether there is a command to end: asked without the writer, since mostly there is none. */
export function* isAnyLate(ctx: UnitContext): Unit<boolean> {
  return (yield* findLate(ctx.now())).length > 0
}

/** Ends commands that nobody answered in time; returns what to do, and the kinds that ended. */
export function* expireCommands(
  ctx: UnitContext,
  handlers: CommandEndTable,
): Unit<{ effects: readonly Effect[]; kinds: readonly string[] }> {
  const nowMs = ctx.now()
  const late = yield* findLate(nowMs)
  const effects: Effect[] = []
  for (const row of late) {
    const detail = row.detail === null ? {} : { detail: row.detail }
    const reply: Reply = { commandId: row.commandId, outcome: 'expired', reason: 'expired', ...detail, atMs: nowMs }
    effects.push(...(yield* endCommand(ctx, handlers, row, { reply, isByServer: true })))
  }
  return { effects, kinds: late.map(({ kind }) => kind) }
}

const openOfAll = statement(({ db, tables: { cabinetCommands: t } }, p: Params<{ nowMs: number }>) =>
  db
    .select()
    .from(t)
    .where(and(isNull(t.outcome), gt(t.expiresAtMs, p.nowMs)))
    .orderBy(asc(t.commandId)),
)

const openOfOne = statement(({ db, tables: { cabinetCommands: t } }, p: Params<{ nowMs: number; cabinetId: string }>) =>
  db
    .select()
    .from(t)
    .where(and(isNull(t.outcome), gt(t.expiresAtMs, p.nowMs), eq(t.cabinetId, p.cabinetId)))
    .orderBy(asc(t.commandId)),
)

/** Commands of a cabinet (or of all) that are unanswered and still count, oldest first. */
export function* findOpenCommands(ctx: UnitContext, cabinetId?: Id): Unit<Array<{ cabinetId: Id; command: Command }>> {
  const nowMs = ctx.now()
  const found = yield* rows(cabinetId === undefined ? openOfAll.with({ nowMs }) : openOfOne.with({ nowMs, cabinetId }))
  return found.map((row) => {
    const { commandId, kind, body, issuedAtMs, expiresAtMs, signature } = row
    return { cabinetId: row.cabinetId, command: { commandId, kind, body, issuedAtMs, expiresAtMs, signature } }
  })
}
