// What holds of every offline pass.
export interface PassSettings {
  /** How long a pass opens doors, ms. */
  readonly validMs: number
  /**
   * How long after its expiry a cabinet may still report its use, ms. The money stays held until then; longer than a cabinet's
   * clock may be wrong (cabinet-agent/pass/verify-pass.ts).
   */
  readonly graceMs: number
  /** Least and most that a pass may be worth, fen. */
  readonly minCapFen: number
  readonly maxCapFen: number
}

export const defaultPassSettings: PassSettings = {
  validMs: 12 * 3_600_000,
  graceMs: 48 * 3_600_000,
  minCapFen: 500,
  maxCapFen: 20_000,
}
