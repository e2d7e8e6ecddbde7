// Sentences for refusals that only the administration can meet: by code, each saying what to do.
import { createCatalogue } from '../../common/i18n/catalogue.ts'
import { problemsChinese } from './admin-problems-chinese.ts'

const importEnglish = async () => (await import('./admin-problems-english.ts')).problemsEnglish

/** Codes → sentences, in the language of the moment. */
export const useAdminProblems = createCatalogue<Readonly<Record<string, string>>>(
  () => problemsChinese,
  importEnglish,
).use
