import type { Problem } from '#shared/contracts/http/route.ts'

/** `offline`: no answer came. `problem`: the server said no. `contract`: the answer was not what the contract says. */
export type CallErrorKind = 'offline' | 'problem' | 'contract'

/** Why a call failed, with a stable code to choose the sentence by. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly kind: CallErrorKind
  readonly code: string
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  readonly problem: Problem | undefined

  constructor(kind: CallErrorKind, code: string, status = 0, problem?: Problem) {
    super(problem?.detail ?? problem?.title ?? code)
    this.kind = kind
    this.code = code
    this.status = status
    this.problem = problem
  }

  /** True when the same request may be sent again: nothing is known to have been decided. */
  get isRetryable(): boolean {
    return this.kind === 'offline' || this.status === 503 || this.status === 429
  }
}
