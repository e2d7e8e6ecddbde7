import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'
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

export type TimeOrder = 'newest' | 'oldest'

export interface TimedPages<T> extends Pages<T> {
  /** Setting it goes to the first page. */
  readonly order: Ref<TimeOrder>
}

/** A list that goes by time, the newest first until one asks otherwise; sorted by the server, and so is the file made of it. */
export function useTimedPages<T>(
  fetchPage: (page: { cursor?: string; limit?: number; order: TimeOrder }) => Promise<Page<T>>,
): TimedPages<T> {
  const order = ref<TimeOrder>('newest')
  const pages = usePages((page) => fetchPage({ ...page, order: order.value }))
  watch(order, () => void pages.restart())
  return { ...pages, order }
}
