/** What was started, to be ended in reverse order; one that fails to end does not keep the others from it. */
export interface Closing extends AsyncDisposable {
  /** Remembers a part and gives it back. */
  use<T extends AsyncDisposable>(part: T): T
  defer(end: () => Promise<unknown>): void
}

export function createClosing(): Closing {
  const ends: Array<() => Promise<unknown>> = []
  return {
    use(part) {
      ends.push(async () => part[Symbol.asyncDispose]())
      return part
    },
    defer: (end) => void ends.push(end),
    async [Symbol.asyncDispose]() {
      const errors: unknown[] = []
      for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
        await end().catch((error: unknown) => errors.push(error))
      }
      if (errors.length > 0) throw new AggregateError(errors, 'not everything ended well')
    },
  }
}
