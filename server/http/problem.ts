// Any error → RFC 9457 problem details with a stable code. What is not a refusal says nothing about the inside.
import type { FastifyError } from 'fastify'
import type { z } from 'zod'
import type { Problem } from '#shared/contracts/http/route.ts'
import { DatabaseError } from '../db/database-error.ts'
import { type RefusalCode, RefusalError, refusals } from '../errors/refusal.ts'

export const problemMediaType = 'application/problem+json'

/** Most field errors one problem lists. */
const maxFieldErrors = 50

/** The request broke its contract in these fields; refused as `request.invalid`. */
export class InvalidRequestError extends RefusalError {
  constructor(errors: ReadonlyArray<{ field: string; message: string }>) {
    const [first] = errors
    super(
      'request.invalid',
      first === undefined ? undefined : `${first.field}: ${first.message}`,
      first === undefined ? {} : { field: first.field, errors: errors.slice(0, maxFieldErrors) },
    )
  }

  /** From a failed parse of one part of the request; a fault of the whole part carries the part's name. */
  static of(part: string, error: z.ZodError): InvalidRequestError {
    return new InvalidRequestError(
      error.issues.map((issue) => ({
        field: issue.path.length === 0 ? part : issue.path.map(String).join('.'),
        message: issue.message,
      })),
    )
  }
}

/** Fastify's own errors → our codes. */
const refusalByFastifyCode: Readonly<Record<string, RefusalCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'request.too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'request.media_type_unsupported',
  FST_ERR_CTP_INVALID_JSON_BODY: 'request.malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'request.malformed',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request.malformed',
  FST_ERR_BAD_URL: 'request.malformed',
  FST_ERR_MAX_PARAM_LENGTH: 'request.malformed',
  FST_ERR_NOT_FOUND: 'request.not_found',
}

/** Whatever was thrown → the refusal it amounts to; undefined when it is a fault of ours. */
export function asRefusal(thrown: unknown): RefusalError | undefined {
  if (thrown instanceof RefusalError) return thrown
  if (thrown instanceof DatabaseError) {
    if (thrown.kind === 'busy' || thrown.kind === 'conflict' || thrown.kind === 'connection')
      return new RefusalError('database.busy', undefined, { cause: thrown })
    if (thrown.kind === 'uncertain') return new RefusalError('database.uncertain', undefined, { cause: thrown })
    if (thrown.kind === 'full') return new RefusalError('database.full', undefined, { cause: thrown })
    if (thrown.kind === 'io') return new RefusalError('database.failed', undefined, { cause: thrown })
    if (thrown.kind === 'unique') return new RefusalError('request.conflict', undefined, { cause: thrown })
    return undefined
  }
  const { code, statusCode } = thrown as Partial<FastifyError>
  const known = code === undefined ? undefined : refusalByFastifyCode[code]
  if (known !== undefined) return new RefusalError(known, undefined, { cause: thrown })
  // What is left with a 4xx status comes from parsers and plugins: the request could not be read.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new RefusalError('request.malformed', undefined, { cause: thrown })
  return undefined
}

/** A refusal as problem details; undefined stands for a fault of ours, which is a bare 500. */
export function problemOf(refusal: RefusalError | undefined, requestId: string): Problem {
  if (refusal === undefined) {
    return { type: 'about:blank', title: 'The server failed.', status: 500, code: 'server.failed', requestId }
  }
  const { status, title } = refusals[refusal.code]
  return {
    type: 'about:blank',
    title,
    status,
    code: refusal.code,
    ...(refusal.message === title ? {} : { detail: refusal.message }),
    ...(refusal.field === undefined ? {} : { field: refusal.field }),
    ...(refusal.errors === undefined ? {} : { errors: [...refusal.errors] }),
    ...refusal.facts,
    requestId,
  }
}
