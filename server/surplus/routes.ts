// HTTP routes of the surplus desk.
import * as contract from '#shared/contracts/http/surplus.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { escalateNotice } from './escalate-notice.ts'
import { openNotice, recountNotice } from './open-notice.ts'
import { listPayments, listUnpaid, recordPayment } from './record-payment.ts'
import { reversePayment } from './reverse-payment.ts'
import { agreeOrder, cancelOrder, deliverOrder, findOrder } from './sell-surplus.ts'
import { findNotice, listLines, listNotices, showDesk, showNoticeDetail } from './show-surplus.ts'

export const surplusRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.openSurplusNotice, ({ body, account: viewer }) =>
    database.run(function* (ctx) {
      const noticeId = yield* openNotice(ctx, { viewer, ...body })
      return yield* findNotice(ctx, viewer, noticeId)
    }),
  )
  registerRoute(app, contract.listSurplusNotices, ({ query, account }) =>
    database.read((ctx) => listNotices(ctx, account, query)),
  )
  registerRoute(app, contract.getSurplusNotice, ({ params, account }) =>
    database.read((ctx) => showNoticeDetail(ctx, account, params.noticeId)),
  )
  registerRoute(app, contract.escalateSurplus, ({ params, body, account: viewer }) =>
    database.run(function* (ctx) {
      yield* escalateNotice(ctx, { viewer, ...params, ...body })
      return yield* findNotice(ctx, viewer, params.noticeId)
    }),
  )
  registerRoute(app, contract.recountSurplus, ({ params, body, account: viewer }) =>
    database.run(function* (ctx) {
      yield* recountNotice(ctx, { viewer, ...params, ...body })
      return yield* findNotice(ctx, viewer, params.noticeId)
    }),
  )
  registerRoute(app, contract.agreeSurplusOrder, ({ body, account: viewer }) =>
    database.run((ctx) => agreeOrder(ctx, { viewer, ...body })),
  )
  registerRoute(app, contract.deliverSurplusOrder, ({ params, account: viewer }) =>
    database.run((ctx) => deliverOrder(ctx, { viewer, ...params })),
  )
  registerRoute(app, contract.cancelSurplusOrder, ({ params, body, account: viewer }) =>
    database.run((ctx) => cancelOrder(ctx, { viewer, ...params, ...body })),
  )
  registerRoute(app, contract.recordSurplusPayment, ({ params, body, account: viewer }) =>
    database.run((ctx) => recordPayment(ctx, { viewer, ...params, ...body })),
  )
  registerRoute(app, contract.reverseSurplusPayment, ({ params, body, account: viewer }) =>
    database.run((ctx) => reversePayment(ctx, { viewer, ...params, ...body })),
  )
  registerRoute(app, contract.getSurplusOrder, ({ params, account }) =>
    database.read((ctx) => findOrder(ctx, account, params.orderId)),
  )
  registerRoute(app, contract.listSurplusPayments, ({ params, query }) =>
    database.read((ctx) => listPayments(ctx, params.orderId, query)),
  )
  registerRoute(app, contract.listUnpaidSurplusOrders, ({ query }) => database.read((ctx) => listUnpaid(ctx, query)))
  registerRoute(app, contract.listSurplusLines, ({ query, account }) =>
    database.read((ctx) => listLines(ctx, account, query)),
  )
  registerRoute(app, contract.getSurplusDesk, ({ account }) => database.read((ctx) => showDesk(ctx, account)))
}
