import type { GoodsMessages } from './goods-messages.ts'

/** Lots and recalls, in English. */
export function goodsEnglish(): GoodsMessages {
  return {
    lot: {
      title: 'Lots',
      lead: 'Where each lot came from, how long it keeps, and what the depot still holds.',
      traceCode: 'Trace code',
      sku: 'Goods',
      supplier: 'Supplier',
      households: (count) => (count === 1 ? 'from 1 household' : `from ${count} households`),
      harvested: 'Harvested',
      expires: 'Expires',
      received: 'Received',
      left: 'Left at the depot',
      certificate: 'Certificate',
    },
    recall: {
      title: 'Recalls',
      lead: 'A recalled lot is neither loaded nor sold any more; its lanes lock at once.',
      open: 'Recall this lot',
      openHint: 'Its lanes lock in every cabinet at once, and nothing of it is sold any more.',
      reason: 'Reason',
      opened: 'Opened',
      state: 'State',
      running: 'running',
      closed: 'closed',
      none: 'No recalls.',
      unknown: 'There is no such recall. Go back to the list.',
      refund: 'Give buyers their money back',
      refunded: (lines, amount) => `${lines} lines, ${amount} given back`,
      refundDone: 'all done',
      close: 'Close the recall',
      closeNote: 'What was done',
    },
    place: {
      title: 'In which cabinets',
      none: 'No cabinet holds this lot.',
      asked: 'told, waiting for the cabinet',
      locked: 'locked there',
      released: 'let go',
    },
    buyer: {
      title: 'Orders and buyers',
      audited: 'Looking at the buyers stays in the audit trail.',
      show: 'Show the buyers',
      none: 'Nobody bought this lot.',
      refunded: 'Refunded',
    },
  }
}
