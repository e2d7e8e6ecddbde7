import { commonEnglish } from '../common/i18n/common-english.ts'
import type { Words } from '../common/i18n/locale.ts'
import type { FarmerMessages } from './farmer-messages.ts'

/** The farmer's page in English. */
export function farmerEnglish(words: Words): FarmerMessages {
  return {
    common: commonEnglish(words),
    title: 'My books',
    total: 'Income so far',
    sources: {
      sale: 'sold',
      surplus: 'surplus sold',
      'stock-loss': 'lost, paid all the same',
      donation: 'given away, paid all the same',
      distribution: 'dividend',
      patronage: 'by trade',
      'second-distribution': 'second distribution',
      wage: 'wages',
      grant: 'grant',
      cost: 'costs',
      history: 'earlier',
    },
    lines: 'Line by line',
    none: 'No income yet. What is sold shows here the same day.',
    why: 'How it comes to this',
    more: 'Earlier ones',
    helper: 'My helper',
    noHelper: 'No helper is named yet. Ask the village committee.',
    sixOnes: 'Six ones',
    done: 'done',
    waiting: 'not yet',
    notFarmer:
      'This account belongs to no household. Sign in with the household’s account, or ask the village committee.',
    publicBooks: 'Public notices and open books',
  }
}
