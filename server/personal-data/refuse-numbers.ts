// Free text is read by more people than may see a number: what looks like a phone, identity or account number is refused before it
// is kept.
import { RefusalError } from '../errors/refusal.ts'
import { maskNumbers } from './mask-numbers.ts'

/** Refuses with personal_data.text_reveals, naming the first field whose text holds such a number. */
export function refuseNumbers(texts: Readonly<Record<string, string | undefined>>): void {
  const field = Object.entries(texts).find(([, text]) => text !== undefined && maskNumbers(text) !== text)?.[0]
  if (field !== undefined) throw new RefusalError('personal_data.text_reveals', undefined, { field })
}
