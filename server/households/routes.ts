// HTTP routes of the household register. Phone numbers are sealed before a unit begins.
import * as contract from '#shared/contracts/http/households.ts'
import { getHouseholdIncome, listHouseholds as listHouseholdsRoute } from '#shared/contracts/http/money.ts'
import type { NounRoutes } from '../context.ts'
import { rehearse } from '../db/unit.ts'
import { registerRoute } from '../http/register-route.ts'
import { bindHelper } from './bind-helper.ts'
import { changeHousehold } from './change-household.ts'
import { enterHousehold } from './enter-households.ts'
import { importRegister, readRegisterFile } from './import-register.ts'
import { findHouseholdIncome, listHouseholds } from './list-households.ts'
import { sealPhone } from './phone.ts'
import { showHousehold } from './show-household.ts'
import { takeOutHousehold } from './take-out-household.ts'

export const householdRoutes: NounRoutes = (app, { database, sealer }) => {
  registerRoute(app, listHouseholdsRoute, ({ query, account }) =>
    database.read((ctx) => listHouseholds(ctx, account, query)),
  )
  registerRoute(app, getHouseholdIncome, ({ params, query, account }) =>
    database.read((ctx) => findHouseholdIncome(ctx, account, params.householdCode, query)),
  )
  registerRoute(app, contract.getHousehold, ({ params, account }) =>
    database.read((ctx) => showHousehold(ctx, account, params.householdCode)),
  )
  registerRoute(app, contract.enterHousehold, ({ body: { phone, ...facts }, account: viewer }) => {
    const { householdCode } = facts
    const household = { ...facts, ...(phone === undefined ? {} : { phone: sealPhone(sealer, householdCode, phone) }) }
    return database.run(function* (ctx) {
      yield* enterHousehold(ctx, viewer, household)
      return yield* showHousehold(ctx, viewer, householdCode)
    })
  })
  registerRoute(app, contract.importHouseholds, async ({ query, body, account: viewer }) => {
    const rows = await readRegisterFile(body, sealer)
    return database.run((ctx) => importRegister(ctx, { viewer, rows, ...query }))
  })
  registerRoute(app, contract.previewHouseholds, async ({ query, body, account: viewer }) => {
    const rows = await readRegisterFile(body, sealer)
    return database.run((ctx) => rehearse(importRegister(ctx, { viewer, rows, ...query })))
  })
  registerRoute(app, contract.changeHousehold, ({ params, body: { reason, phone, ...facts }, account: viewer }) => {
    const { householdCode } = params
    const sealed = typeof phone === 'string' ? sealPhone(sealer, householdCode, phone) : phone
    const change = { ...facts, phone: sealed }
    return database.run(function* (ctx) {
      yield* changeHousehold(ctx, { viewer, householdCode, change, reason })
      return yield* showHousehold(ctx, viewer, householdCode)
    })
  })
  registerRoute(app, contract.takeOutHousehold, ({ params, body, account: viewer }) =>
    database.run((ctx) => takeOutHousehold(ctx, { viewer, ...params, ...body })),
  )
  registerRoute(app, contract.bindHelper, ({ params, body, account: viewer }) =>
    database.run(function* (ctx) {
      yield* bindHelper(ctx, { viewer, ...params, ...body })
      return yield* showHousehold(ctx, viewer, params.householdCode)
    }),
  )
}
