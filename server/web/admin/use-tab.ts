import { computed, ref, type WritableComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** The tab that is open, of those named; the address carries it, so that a link or a reload opens the same. */
export function useTab<Name extends string>(names: readonly Name[], first: Name): WritableComputedRef<Name> {
  const route = useRoute()
  const router = useRouter()
  const opened = ref(names.find((name) => name === route.query['tab']) ?? first) as { value: Name }
  return computed({
    get: () => opened.value,
    set(name) {
      opened.value = name
      void router.replace({ query: { ...route.query, tab: name } })
    },
  })
}
