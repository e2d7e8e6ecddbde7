import { computed, ref, type ComputedRef } from 'vue'
import { useAsync } from '../common/use-async.ts'

export interface Page<T> {
  readonly rows: readonly T[]
  readonly nextCursor?: string | undefined
}

/** One page of a list from the server; the limit is the list's own where none is given. */
export type FetchPage<T> = (page: { cursor?: string; limit?: number }) => Promise<Page<T>>

export interface Pages<T> {
  readonly fetchPage: FetchPage<T>
  readonly rows: ComputedRef<readonly T[]>
  readonly error: ComputedRef<unknown>
  readonly isLoading: ComputedRef<boolean>
  /** False until the first answer. */
  readonly isLoaded: ComputedRef<boolean>
  /** Counts from 1. */
  readonly page: ComputedRef<number>
  readonly hasNext: ComputedRef<boolean>
  /** To the first page, for a new filter. */
  restart(): Promise<void>
  reload(): Promise<void>
  next(): Promise<void>
  previous(): Promise<void>
}

/** A list that the server pages by cursor: one page at a time, forwards and back the way one came. */
export function usePages<T>(fetchPage: FetchPage<T>): Pages<T> {
  /** The cursor of every page on the way here; the first has none. */
  const trail = ref<(string | undefined)[]>([undefined])
  const current = useAsync(() => {
    const cursor = trail.value.at(-1)
    return fetchPage(cursor === undefined ? {} : { cursor })
  })
  return {
    fetchPage,
    rows: computed(() => current.value.value?.rows ?? []),
    error: computed(() => current.error.value),
    isLoading: computed(() => current.isLoading.value),
    isLoaded: computed(() => current.value.value !== undefined),
    page: computed(() => trail.value.length),
    hasNext: computed(() => current.value.value?.nextCursor !== undefined),
    reload: () => current.load(),
    restart() {
      trail.value = [undefined]
      return current.load()
    },
    async next() {
      const cursor = current.value.value?.nextCursor
      if (cursor === undefined) return
      trail.value = [...trail.value, cursor]
      await current.load()
    },
    async previous() {
      if (trail.value.length === 1) return
      trail.value = trail.value.slice(0, -1)
      await current.load()
    },
  }
}
