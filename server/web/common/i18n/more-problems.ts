import type { ComputedRef, InjectionKey } from 'vue'

/**
 * Sentences for problems that only one audience can meet, by code: provided by its page, so that a buyer's phone does not
 * carry the sentences of the finance office.
 */
export const moreProblemsKey: InjectionKey<ComputedRef<Readonly<Record<string, string>>>> = Symbol('more problems')
