/** How far a bench goes. */
export interface BenchSize {
  /** The sizes of the goals, some of which take an hour; without it each bench ends within about two minutes. */
  readonly isFull: boolean
}

/** Measures and returns its figures. */
export type Bench = (size: BenchSize) => Promise<BenchRow[]>

/** One figure of the benchmark table, beside what it is held against. */
export interface BenchRow {
  /** What was measured, with sampling or reductions said in words. */
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The limit or the peer's figure, in the same unit; absent for a figure that is only told. */
  readonly limit?: number
  readonly limitName?: string
  /** Whether a limit that is a goal is kept; a bench that counts rare events calls it broken only where chance does not explain it. */
  readonly keepsLimit?: boolean
  /** value ÷ peer where a goal is a ratio, with the bound that makes it good. */
  readonly ratio?: { readonly value: number; readonly atLeast?: number; readonly atMost?: number }
}
