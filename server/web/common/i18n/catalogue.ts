// A page's messages in two languages. Chinese comes with the page; English is fetched when it is first wanted, so that a
// phone on a slow network carries one language.
import { computed, shallowRef, watch, type ComputedRef } from 'vue'
import { useWebContext, type WebContext } from '../web-context.ts'
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
  /** A page's many parts share them: to make all sentences for each lane of a shelf is dear on a phone. */
  const made = new WeakMap<WebContext, ComputedRef<M>>()
  async function loadEnglish() {
    // Offline the page stays Chinese; switching again tries again.
    english.value ??= await importEnglish().catch(() => undefined)
  }
  return {
    loadEnglish,
    use() {
      const context = useWebContext()
      const { locale, words } = context
      watch(locale, (wanted) => void (wanted === 'en' && loadEnglish()), { immediate: true })
      const messages =
        made.get(context) ?? computed(() => ((locale.value === 'en' ? english.value : undefined) ?? chinese)(words))
      made.set(context, messages)
      return messages
    },
  }
}
