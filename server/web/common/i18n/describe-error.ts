import { CallError } from '../http/call-error.ts'
import type { CommonMessages } from './common-messages.ts'

/** The sentence for an error: by its code, else by its status, else with the server's own words. */
export function describeError(error: unknown, t: CommonMessages, more: Readonly<Record<string, string>> = {}): string {
  if (!(error instanceof CallError)) return t.problemServer
  const known = more[error.code] ?? t.problems[error.code]
  if (known !== undefined) return known
  if (error.status === 401) return t.problemUnauthorised
  if (error.status === 403) return t.problemForbidden
  if (error.status === 404) return t.problemNotFound
  if (error.status === 429 || error.status === 503) return t.problemBusy
  if (error.status >= 500) return t.problemServer
  return t.problemOther(error.message.replace(/[.。]+$/, ''))
}
