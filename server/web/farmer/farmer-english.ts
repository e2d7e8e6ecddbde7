import { countOf } from '#shared/words/count-of.ts'
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
    offline: (at) => `No network. This is as of ${at}; answers wait on the phone.`,
    kept: 'Kept on the phone: it opens without a network.',
    offlineEmpty: 'No network, and nothing is kept on this phone yet. Open this again where there is a signal.',
    calls: {
      title: 'Calls to harvest',
      none: 'Nothing is wanted now.',
      units: (count) => countOf(count, 'unit'),
      price: (amount) => `${amount} a unit`,
      answerBy: (at) => `answer by ${at}`,
      deliverBy: (at) => `bring it to the depot by ${at}`,
      canBring: 'I can bring (units)',
      fewer: 'fewer',
      more: 'more',
      between: (most) => `Enter a whole number from 1 to ${most}.`,
      accept: 'Accept',
      acceptSome: (units) => `Accept ${units}`,
      decline: 'Decline',
      accepted: 'accepted',
      waiting: (isAccepted, units) =>
        isAccepted
          ? `noted: accept${units === undefined ? '' : ` ${units}`}; sent with the network`
          : 'noted: decline; sent with the network',
      past: 'Earlier calls',
      states: {
        called: 'to be answered',
        accepted: 'accepted',
        declined: 'declined',
        lapsed: 'too late',
        delivered: 'brought',
        failed: 'not brought',
        withdrawn: 'withdrawn',
      },
    },
    lots: {
      title: 'My produce',
      own: (units) => `${countOf(units, 'unit')} of mine`,
      sold: (sold, received) => `${sold} of ${received} sold`,
      daysLeft: (days) => `${countOf(days, 'day')} left`,
      over: 'past its days',
      where: 'Where it is now',
      depot: 'Depot',
    },
    problems: {
      'harvest_call.unknown': 'This call is gone.',
      'harvest_call.deadline_past': 'Too late: the next household was called.',
      'harvest_call.answered': 'This call is answered already.',
      'harvest_call.too_many': 'More than was asked for. Enter less and accept again.',
    },
  }
}
