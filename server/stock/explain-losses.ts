// What a household was paid for goods that were lost or given away, spelled out so that anyone can compute it again.
import { and, eq, inArray } from 'drizzle-orm'
import { formatYuan } from '#shared/units/fen.ts'
import { explainPart } from '../attribution/explain-part.ts'
import { rows } from '../db/unit.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { causeOfLoss } from './record-loss.ts'
import { lossKinds } from './rules.ts'
import type { BearerKind, LossKind } from './rules.ts'

const kindWords: Readonly<Record<LossKind, string>> = { wastage: '损耗', shrink: '短少', donation: '捐赠' }
const bearerWords: Readonly<Record<BearerKind, string>> = { operator: '运营方', site: '点位', insurer: '保险' }
const lossCauses: readonly string[] = lossKinds.map(causeOfLoss)

interface BookedLoss {
  readonly transferId: string
  readonly causeKind: string
  readonly causeId: string
  readonly leg: string
}

export interface ExplainedLoss {
  readonly skuName: string
  readonly lotTraceCode: string
  readonly explanation: string[]
}

/** By transfer id; what pays for no loss is not in it. */
export function* explainLosses(
  ctx: UnitContext,
  booked: readonly BookedLoss[],
  householdCode: string,
): Unit<Map<string, ExplainedLoss>> {
  const wanted = booked.filter(({ causeKind }) => lossCauses.includes(causeKind))
  const explained = new Map<string, ExplainedLoss>()
  if (wanted.length === 0) return explained
  const parts = yield* findParts(ctx, [...new Set(wanted.map(({ causeId }) => causeId))], householdCode)
  const byLeg = new Map(parts.map((part) => [`${part.lossId} ${part.ordinal}`, part]))
  for (const { transferId, causeId, leg } of wanted) {
    const part = byLeg.get(`${causeId} ${leg}`)
    if (part !== undefined) explained.set(transferId, explain(part))
  }
  return explained
}

type LossPart = ReturnType<typeof findParts> extends Unit<Array<infer TPart>> ? TPart : never

function* findParts({ db, tables: t }: UnitContext, lossIds: readonly string[], householdCode: string) {
  const { stockLossParts: p, stockLosses: l, lots, skus, lotSources: s, revenuePlans } = t
  return yield* rows(
    db
      .select({
        lossId: p.lossId,
        ordinal: p.ordinal,
        amountFen: p.amountFen,
        shareBp: p.shareBp,
        shareFen: p.shareFen,
        weight: p.weight,
        weightTotal: p.weightTotal,
        roundingFen: p.roundingFen,
        kind: l.kind,
        units: l.units,
        bearer: l.bearer,
        recipient: l.recipient,
        reason: l.reason,
        listFen: l.listFen,
        planVersion: revenuePlans.version,
        sourceUnits: s.units,
        lotTraceCode: lots.traceCode,
        skuName: skus.name,
      })
      .from(p)
      .innerJoin(l, eq(l.lossId, p.lossId))
      .innerJoin(revenuePlans, eq(revenuePlans.planId, l.planId))
      .innerJoin(lots, eq(lots.lotId, l.lotId))
      .innerJoin(skus, eq(skus.skuId, lots.skuId))
      .leftJoin(s, and(eq(s.lotId, l.lotId), eq(s.ordinal, p.sourceOrdinal)))
      .where(and(inArray(p.lossId, [...lossIds]), eq(p.householdCode, householdCode))),
  )
}

function explain(part: LossPart): ExplainedLoss {
  const { kind, units, bearer, recipient, reason, listFen, planVersion, sourceUnits, lotTraceCode, skuName } = part
  const measure = sourceUnits === null ? 'mass' : 'units'
  const line = { amountFen: listFen, isCertified: true, fundFen: 0, planVersion, measure } as const
  const [, ...steps] = explainPart({ ...part, role: 'household' }, line)
  const whom = recipient === null ? '' : `给${recipient}`
  const what = `${kindWords[kind]}${whom} ${skuName} ${units} 件（${reason}），照付：${bearerWords[bearer]}承担`
  return {
    skuName,
    lotTraceCode,
    explanation: [what, `按标价 ${formatYuan(listFen)} 元，分配方案第 ${planVersion} 版`, ...steps],
  }
}
