// A page's messages in two languages. Chinese comes with the page; English is fetched when it is first wanted, so that a
// phone on a slow network carries one language.
import { computed, shallowRef, watch, type ComputedRef } from 'vue'
import { useWebContext } from '../web-context.ts'
import type { Words } from './locale.ts'

export interface Catalogue<M> {
  /** The messages in the language of the moment; Chinese until English has come. */
  readonly use: () => ComputedRef<M>
  /** Fetches English once. */
  readonly loadEnglish: () => Promise<void>
}

export function createCatalogue<M>(
  chinese: (words: Words) => M,
  importEnglish: () => Promise<(words: Words) => M>,
): Catalogue<M> {
  const english = shallowRef<(words: Words) => M>()
  async function loadEnglish() {
    // Offline the page stays Chinese; switching again tries again.
    english.value ??= await importEnglish().catch(() => undefined)
  }
  return {
    loadEnglish,
    use() {
      const { locale, words } = useWebContext()
      watch(locale, (wanted) => void (wanted === 'en' && loadEnglish()), { immediate: true })
      return computed(() => ((locale.value === 'en' ? english.value : undefined) ?? chinese)(words))
    },
  }
}
