// HTTP routes of households.
import * as contract from '#shared/contracts/http/money.ts'
import type { NounRoutes } from '../context.ts'
import { registerRoute } from '../http/register-route.ts'
import { findHouseholdIncome, listHouseholds } from './list-households.ts'

export const householdRoutes: NounRoutes = (app, { database }) => {
  registerRoute(app, contract.listHouseholds, ({ query, account }) =>
    database.read((ctx) => listHouseholds(ctx, account, query)),
  )
  registerRoute(app, contract.getHouseholdIncome, ({ params, query, account }) =>
    database.read((ctx) => findHouseholdIncome(ctx, account, params.householdCode, query)),
  )
}
