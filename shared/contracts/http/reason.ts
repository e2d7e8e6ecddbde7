import { z } from 'zod'

/** Two Chinese characters can say why (盘点, 抽检). */
export const minReasonCharacters = 2

/** Why somebody did something: part of the record. */
export const Reason = z.string().trim().min(minReasonCharacters).max(500)
