// What every way of paying offers the sessions: hold → capture (at most the hold) or release, then refunds (at most the
// capture). Calls are units of work: a method that needs the network writes an outbox row in them and reports later. Each is
// idempotent by our own ids, made once with the intent and never renewed; a finished intent never changes upward.
import type { Unit, UnitContext } from '../db/unit.ts'
import type { AccountId } from '../ledger/account-kinds.ts'

/** PayScore (先享后付) joins this list when it is implemented. */
export const paymentMethods = ['wallet'] as const
export type PaymentMethod = (typeof paymentMethods)[number]

export const intentStates = ['held', 'captured', 'released'] as const
export type IntentState = (typeof intentStates)[number]

export interface PaymentIntent {
  readonly intentId: string
  readonly method: PaymentMethod
  readonly payerAccountId: string
  readonly state: IntentState
  readonly heldFen: number
  readonly capturedFen: number
  readonly refundedFen: number
}

export interface HoldRequest {
  /** The session's id, or another id made once with what is paid for. */
  readonly intentId: string
  /** The buyer's account id. */
  readonly payerAccountId: string
  /** Whole fen, > 0. */
  readonly amountFen: number
}

export interface RefundRequest {
  readonly intentId: string
  /** Made once with the decision to refund. */
  readonly refundId: string
  /** Whole fen, > 0. */
  readonly amountFen: number
}

export interface PaymentPort {
  readonly method: PaymentMethod
  /** The ledger account that sales are debited to and captures credited to. */
  readonly channel: AccountId
  /** Refuses with ledger.balance_insufficient; payment.intent_conflict when the intent exists with other figures. */
  hold(ctx: UnitContext, request: HoldRequest): Unit<PaymentIntent>
  /**
   * Takes amountFen (0 ≤ amount ≤ hold) and gives the rest of the hold back; final. Refuses with
   * payment.capture_exceeds_hold; payment.intent_closed when it was finished with another amount.
   */
  capture(ctx: UnitContext, intentId: string, amountFen: number): Unit<PaymentIntent>
  /**
   * Takes the bill of an intent whose hold was released before the bill came (0 ≤ amount ≤ hold as it was): what the payer has,
   * the rest is borne by a named account and owed; final. Refuses with payment.capture_exceeds_hold; payment.intent_closed
   * unless it was released.
   */
  captureLate(ctx: UnitContext, intentId: string, amountFen: number): Unit<PaymentIntent>
  /** Gives the whole hold back; final but for captureLate. Does nothing on an intent that was released before. */
  release(ctx: UnitContext, intentId: string): Unit<PaymentIntent>
  /**
   * Gives money of a finished intent back: first what the payer still owes of it is owed no more, the rest goes to the payer. What
   * a named account bore for good goes back to it after the payer has everything. Refuses with payment.refund_exceeds_capture.
   */
  refund(ctx: UnitContext, request: RefundRequest): Unit<PaymentIntent>
}
