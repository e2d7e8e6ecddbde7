// The six-ones checklist (六个一), told from what is recorded (domain.md, A7): pure.
import type { TickedKey } from './schema.ts'

export interface SixOnesFacts {
  readonly incomePlan?: { readonly writtenAtMs: number; readonly text: string } | undefined
  readonly welfarePost?: { readonly fromMs: number; readonly text: string } | undefined
  readonly guidance?: { readonly atMs: number; readonly text: string } | undefined
  readonly ticks: Readonly<Partial<Record<TickedKey, { readonly isDone: boolean; readonly doneAtMs: number }>>>
}

export interface SixOnesItem {
  readonly key: 'incomePlan' | 'welfarePost' | 'guidance' | TickedKey
  readonly label: string
  readonly isDone: boolean
  readonly doneAtMs?: number
  readonly evidence?: string
}

/** Until the district words them. */
export const defaultLabels: Readonly<Record<TickedKey, string>> = {
  fourth: '第四项',
  fifth: '第五项',
  sixth: '第六项',
}

function toldItem(
  key: SixOnesItem['key'],
  label: string,
  fact: { readonly atMs: number; readonly text: string } | undefined,
): SixOnesItem {
  if (fact === undefined) return { key, label, isDone: false }
  return { key, label, isDone: true, doneAtMs: fact.atMs, evidence: fact.text }
}

/** All six in order; the first three are done when a record says so, the others when they are ticked. */
export function checkSixOnes(
  { incomePlan, welfarePost, guidance, ticks }: SixOnesFacts,
  labels: Readonly<Partial<Record<TickedKey, string>>>,
): SixOnesItem[] {
  const ticked = (['fourth', 'fifth', 'sixth'] as const).map((key): SixOnesItem => {
    const tick = ticks[key]
    const label = labels[key] ?? defaultLabels[key]
    return tick?.isDone === true ? { key, label, isDone: true, doneAtMs: tick.doneAtMs } : { key, label, isDone: false }
  })
  return [
    toldItem('incomePlan', '增收计划', incomePlan && { atMs: incomePlan.writtenAtMs, text: incomePlan.text }),
    toldItem('welfarePost', '公益岗位', welfarePost && { atMs: welfarePost.fromMs, text: welfarePost.text }),
    toldItem('guidance', '技术指导', guidance),
    ...ticked,
  ]
}
