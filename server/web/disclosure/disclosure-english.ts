import { countOf } from '#shared/words/count-of.ts'
import { commonEnglish } from '../common/i18n/common-english.ts'
import type { Words } from '../common/i18n/locale.ts'
import type { DisclosureMessages } from './disclosure-messages.ts'

/** The open books in English. */
export function disclosureEnglish(words: Words): DisclosureMessages {
  return {
    common: commonEnglish(words),
    title: 'Open books',
    lead: 'Each day one hash over all of the day before’s income lines is published, and anybody may check a proof against it. There is no personal data here.',
    notices: 'Public notices',
    noNotices: 'There are no notices now.',
    kinds: { income: 'income', payout: 'payout', distribution: 'distribution' },
    openUntil: (day) => `open until ${day}`,
    endings: {
      withdrawn: 'withdrawn',
      rejected: 'not adopted by the members',
      reversed: 'taken back after it was booked',
    },
    households: (count) => countOf(count, 'household'),
    days: 'The hash of each day',
    noDays: 'Nothing was published yet. Each day is published the day after.',
    day: 'Day',
    lines: 'Lines',
    total: 'Total',
    root: 'Hash (Merkle root)',
    more: 'Earlier ones',
    verify: 'Check a proof',
    verifyLead:
      'Paste the proof that a receipt or a household’s books gave you. It is checked in your browser; nothing is sent.',
    proof: 'Proof (JSON)',
    check: 'Check',
    good: (amount, place, count, day) => `Proved: ${amount} is line ${place} of the ${count} published for ${day}.`,
    reasons: {
      format: 'This is no proof of an income line. Paste the whole file.',
      day: 'The day in the proof does not have the hash it says: the proof was changed.',
      line: 'The proof is not of the line it says: the proof was changed.',
      root: 'The line is not in the root of its day.',
      published: 'The root in the proof is not the one we published. Keep the proof and tell the village committee.',
      unknown: 'That day is not published yet. Come back tomorrow.',
      insecure: 'This browser cannot check at an address without https. Use https, or verify.mjs.',
    },
    sections: 'On this page',
    money: {
      title: 'Is the money accounted for',
      sound: 'The books balance, difference 0 fen',
      broken: 'The books differ; it is being looked into',
      checked: (count, at) => `${countOf(count, 'transfer')} checked, ${at}`,
      unchecked: 'The books have not been proved yet; they are every night.',
      difference: (amount) => `Difference ${amount}`,
      channels: { 'top-ups': 'top-ups and the channel’s statement', payouts: 'payouts and the bank’s answer' },
      uncompared: 'Nothing was compared with a statement of the bank or a channel yet.',
      automatic: (share, count) =>
        `Of the ${countOf(count, 'purchase')} that ended in the last 24 hours, ${share} settled without a person.`,
      noSales: 'No purchase ended in the last 24 hours.',
    },
    impact: {
      title: 'What reached households',
      lead: (least, through) =>
        `Household income by town and product through ${through} (whole months only). Every figure stands for at least ${least} households; smaller ones are put together.`,
      none: 'No whole month was published yet. The figures change once a month.',
      year: 'Year',
      total: (year, amount) => `${year}: ${amount} reached households`,
      town: 'Town',
      product: 'Product or source',
      households: 'Households',
      amount: 'Income',
      severalTowns: 'several towns',
      several: 'several together',
      sources: {
        sale: 'sales of cabinets',
        surplus: 'surplus desk',
        dividend: 'dividends',
        wage: 'wages',
        grant: 'grants',
        other: 'other',
      },
    },
    offline: 'Or check it offline with',
  }
}
