import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'

export interface AsyncValue<T> {
  readonly value: ShallowRef<T | undefined>
  readonly error: ShallowRef<unknown>
  readonly isLoading: Ref<boolean>
  /** Loads (again). A newer load wins over an older one that answers later. */
  load(): Promise<void>
}

/** A value that is fetched: its last good state, whether it is on its way, and what went wrong last. */
export function useAsync<T>(fetchValue: () => Promise<T>): AsyncValue<T> {
  const value = shallowRef<T>()
  const error = shallowRef<unknown>()
  const isLoading = ref(false)
  let turn = 0
  return {
    value,
    error,
    isLoading,
    async load() {
      const own = (turn += 1)
      isLoading.value = true
      error.value = undefined
      try {
        const fetched = await fetchValue()
        if (own === turn) value.value = fetched
      } catch (caught) {
        if (own === turn) error.value = caught
      } finally {
        if (own === turn) isLoading.value = false
      }
    },
  }
}
