/** Where to go after signing in: only a path of this very site, never another one. */
export function safeNext(asked: unknown, fallback = '/'): string {
  return typeof asked === 'string' && /^\/(?![/\\])/.test(asked) ? asked : fallback
}
