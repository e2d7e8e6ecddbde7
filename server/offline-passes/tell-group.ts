// Tells the cabinets of a host site that a pass opens nothing any more: it was revoked, or used at one of them. By signed
// commands, sent again at each contact until the pass has expired by itself.
import { and, asc, eq, exists, gt, inArray, isNotNull, isNull, notInArray, or } from 'drizzle-orm'
import { issueCommand } from '../cabinets/issue-command.ts'
import type { Effect } from '../context.ts'
import { exec, type Params, rows, statement, type Unit, type UnitContext } from '../db/unit.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'
import type { PassRow } from './issue-pass.ts'

/** As long as a cabinet's clock may be wrong (cabinet-agent/pass/verify-pass.ts), ms. */
export const clockDoubtMs = 5 * 60_000

/** Cabinets that used it up themselves know already. Returns one effect a cabinet told. */
export function* tellGroup(
  ctx: UnitContext,
  signer: CommandSigner,
  pass: PassRow,
  issuedBy: string,
  exceptIds: readonly string[] = [],
): Unit<Effect[]> {
  const { cabinets: c } = ctx.tables
  const { passId, accountId: buyerId, counter, expiresAtMs: passExpiresAtMs } = pass
  const cabinets = yield* rows(
    ctx.db
      .select({ cabinetId: c.cabinetId })
      .from(c)
      .where(and(eq(c.hostSiteId, pass.groupId), isNotNull(c.publicKey), notInArray(c.cabinetId, [...exceptIds, '']))),
  )
  const body = { passId, buyerId, counter, passExpiresAtMs }
  const validForMs = passExpiresAtMs + clockDoubtMs - ctx.now()
  const effects: Effect[] = []
  for (const { cabinetId } of cabinets) {
    const order = { cabinetId, kind: 'revoke-pass', body, validForMs, issuedBy } as const
    effects.push((yield* issueCommand(ctx, signer, order)).effect)
  }
  return effects
}

/** A cabinet that was enrolled (anew) knows nothing of passes that were used or revoked before, at its predecessor or elsewhere. */
export function* tellNewcomer(ctx: UnitContext, signer: CommandSigner, cabinetId: string): Unit<void> {
  const { cabinets: c, offlinePasses: p, offlinePassUses: u } = ctx.tables
  const used = ctx.db.select({ passId: u.passId }).from(u).where(eq(u.passId, p.passId))
  const spent = yield* rows(
    ctx.db
      .select({ passId: p.passId, buyerId: p.accountId, counter: p.counter, passExpiresAtMs: p.expiresAtMs })
      .from(p)
      .innerJoin(c, and(eq(c.hostSiteId, p.groupId), eq(c.cabinetId, cabinetId)))
      .where(and(gt(p.expiresAtMs, ctx.now() - clockDoubtMs), or(isNotNull(p.revokedAtMs), exists(used))))
      .orderBy(asc(p.passId)),
  )
  for (const body of spent) {
    const validForMs = body.passExpiresAtMs + clockDoubtMs - ctx.now()
    yield* issueCommand(ctx, signer, { cabinetId, kind: 'revoke-pass', body, validForMs, issuedBy: 'offline-passes' })
  }
}

/** Passes per unit, so that a unit stays short. */
const passesPerUnit = 50

const usedUnannounced = statement(({ db, tables }, params: Params<{ sinceMs: number }>) => {
  const { offlinePasses: p, offlinePassUses: u } = tables
  const used = db.select({ passId: u.passId }).from(u).where(eq(u.passId, p.passId))
  return db
    .select()
    .from(p)
    .where(and(isNull(p.announcedAtMs), gt(p.expiresAtMs, params.sinceMs), exists(used)))
    .orderBy(asc(p.expiresAtMs), asc(p.passId))
    .limit(passesPerUnit)
})

const findUnannounced = (nowMs: number) => rows(usedUnannounced.with({ sinceMs: nowMs - clockDoubtMs }))

/** Whether there is a use to announce: asked without the writer, since mostly there is none. */
export function* isAnyUnannounced(ctx: UnitContext): Unit<boolean> {
  return (yield* findUnannounced(ctx.now())).length > 0
}

/**
 * Announces passes whose first use was reported since the last turn: what a pass can be spent twice for ends with the absence
 * of the other cabinets. Run it every few seconds; safe on any number of processes.
 */
export function* announceUses(ctx: UnitContext, signer: CommandSigner): Unit<readonly Effect[]> {
  const { offlinePasses: p, offlinePassUses: u } = ctx.tables
  const news = yield* findUnannounced(ctx.now())
  if (news.length === 0) return []
  const passIds = news.map(({ passId }) => passId)
  const uses = yield* rows(
    ctx.db.select({ passId: u.passId, cabinetId: u.cabinetId }).from(u).where(inArray(u.passId, passIds)),
  )
  const effects: Effect[] = []
  for (const pass of news) {
    const knowing = uses.filter(({ passId }) => passId === pass.passId).map(({ cabinetId }) => cabinetId)
    effects.push(...(yield* tellGroup(ctx, signer, pass, 'offline-passes', knowing)))
  }
  yield* exec(ctx.db.update(p).set({ announcedAtMs: ctx.now() }).where(inArray(p.passId, passIds)))
  return effects
}
