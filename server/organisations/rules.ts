// What a legal type means, as pure thinking: which templates it may distribute by, how long a plan must be seen before the
// members meet, what a charter of its kind has to say, and in what its shares are measured. Source: domain.md, distribution.
import type { LegalType, ShareKind, ShareUnit, SplitRule } from './schema.ts'

/** How an organisation distributes (domain.md, distribution). */
export const templates = ['PATRONAGE', 'SHARE', 'GUARANTEE_FLOAT', 'SECOND'] as const
export type Template = (typeof templates)[number]

interface LegalTypeRow {
  readonly templates: readonly Template[]
  /** Days a plan is visible before the members' meeting. */
  readonly noticeDays: number
  /** Whether its charter divides dividends among share classes, or by trade volume. */
  readonly divides: 'by classes' | 'by trade volume'
}

export const legalTypeRows = {
  cooperative: { templates: ['PATRONAGE'], noticeDays: 15, divides: 'by trade volume' },
  share_cooperative: { templates: ['SHARE', 'GUARANTEE_FLOAT', 'SECOND'], noticeDays: 10, divides: 'by classes' },
  village_collective: { templates: ['SHARE', 'GUARANTEE_FLOAT', 'SECOND'], noticeDays: 10, divides: 'by classes' },
  enterprise: { templates: ['GUARANTEE_FLOAT'], noticeDays: 10, divides: 'by classes' },
  family_farm: { templates: ['GUARANTEE_FLOAT'], noticeDays: 10, divides: 'by classes' },
} as const satisfies Record<LegalType, LegalTypeRow>

/** Whole of a share: basis points. */
export const wholeBp = 10_000
/** The least part of what a co-op distributes that goes by trade volume. */
export const leastPatronageBp = 6_000

/** The share classes that dividends are paid on, in the order they are paid. */
export const dividendClasses = ['LAND', 'CAPITAL', 'BASIC', 'COLLECTIVE'] as const
export type DividendClass = (typeof dividendClasses)[number]

/** What each kind of share is measured in before it is quantified. */
export const unitOfKind: Readonly<Record<ShareKind, ShareUnit>> = {
  LAND: 'mu',
  CAPITAL: 'yuan',
  BASIC: 'person',
  COLLECTIVE: 'share',
  RESERVE: 'yuan',
  SUBSIDY: 'yuan',
}

/** What a charter decides; rates in basis points. */
export interface CharterTerms {
  readonly reserveBp: number
  readonly welfareBp: number
  readonly reinvestmentBp: number
  readonly classes?: Readonly<Record<DividendClass, number>> | undefined
  readonly patronageBp?: number | undefined
  readonly guaranteeFenPerMu?: number | undefined
  readonly second?: { readonly rateBp: number; readonly split: SplitRule } | undefined
}

/** What is wrong, and in which field. */
export interface Problem {
  readonly field: string
  readonly message: string
}

/** What is wrong with a charter of an organisation of this type; undefined when nothing is. */
export function findCharterProblem(legalType: LegalType, terms: CharterTerms): Problem | undefined {
  const { reserveBp, welfareBp, reinvestmentBp, classes, patronageBp, guaranteeFenPerMu, second } = terms
  const row: LegalTypeRow = legalTypeRows[legalType]
  if (reserveBp + welfareBp + reinvestmentBp >= wholeBp)
    return { field: 'reserveBp', message: 'reserve, welfare and reinvestment leave nothing to distribute' }
  if (row.divides === 'by trade volume') {
    if (classes !== undefined)
      return { field: 'classes', message: 'a co-op distributes by trade volume, not by classes' }
    if (patronageBp === undefined)
      return { field: 'patronageBp', message: 'a co-op says which part goes by trade volume' }
    if (patronageBp < leastPatronageBp)
      return { field: 'patronageBp', message: 'at least 60 % of what a co-op distributes goes by trade volume' }
  } else {
    if (patronageBp !== undefined) return { field: 'patronageBp', message: 'only a co-op distributes by trade volume' }
    if (classes === undefined) return { field: 'classes', message: 'the parts of the share classes are missing' }
    const sum = dividendClasses.reduce((total, kind) => total + classes[kind], 0)
    if (sum !== wholeBp) return { field: 'classes', message: `the classes sum to ${sum}, not ${wholeBp} basis points` }
  }
  if (guaranteeFenPerMu !== undefined && !row.templates.includes('GUARANTEE_FLOAT'))
    return { field: 'guaranteeFenPerMu', message: 'this legal type does not guarantee an amount per mu' }
  if (second !== undefined && !row.templates.includes('SECOND'))
    return { field: 'second', message: 'only a collective distributes a second time' }
  return undefined
}
