// Why money moves. Every transfer names its cause; the cause makes its idempotency key, so the same cause books once.

export const causeKinds = [
  'opening',
  'top-up',
  'withdrawal',
  'hold',
  'release',
  'capture',
  'refund',
  'offline-risk',
  'arrears',
  'sale-line',
  'sale-refund',
  'write-off',
  'write-off-recovery',
  'organisation-receipt',
  'distribution-line',
  'payout-line',
  'payout-return',
  'wage-line',
  'grant-line',
  'surplus-line',
  'stock-loss',
  'donation',
  'surplus-payment',
  'reconciliation',
  'correction',
  'reversal',
] as const
export type CauseKind = (typeof causeKinds)[number]

export interface Cause {
  readonly kind: CauseKind
  /** Id of the sale line, payment intent, payout line …; no colon in it. */
  readonly id: string
}

/** A transfer's id and idempotency key in one: `<cause kind>:<cause id>:<leg>`. */
export function transferIdOf(cause: Cause, leg: string): string {
  return `${cause.kind}:${cause.id}:${leg}`
}
