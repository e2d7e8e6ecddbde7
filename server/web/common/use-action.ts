import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'

export interface Action {
  readonly isBusy: Ref<boolean>
  /** What went wrong last; undefined once it is tried again. */
  readonly error: ShallowRef<unknown>
  /** Does the work unless it is being done already: a double tap is one tap. True when it succeeded. */
  run(work: () => Promise<unknown>): Promise<boolean>
}

/** Something a person does with a button: whether it is on its way, and what went wrong. */
export function useAction(): Action {
  const isBusy = ref(false)
  const error = shallowRef<unknown>()
  return {
    isBusy,
    error,
    async run(work) {
      if (isBusy.value) return false
      isBusy.value = true
      error.value = undefined
      try {
        await work()
        return true
      } catch (caught) {
        error.value = caught
        return false
      } finally {
        isBusy.value = false
      }
    },
  }
}
