import * as alerts from './alerts.ts'
import * as assistance from './assistance.ts'
import * as audit from './audit.ts'
import * as benefitLinks from './benefit-links.ts'
import * as cabinets from './cabinets.ts'
import * as catalog from './catalog.ts'
import * as disputes from './disputes.ts'
import * as fleet from './fleet.ts'
import * as harvestCalls from './harvest-calls.ts'
import * as households from './households.ts'
import * as distributions from './distributions.ts'
import * as incomes from './incomes.ts'
import * as disclosure from './disclosure.ts'
import * as identity from './identity.ts'
import * as importTemplates from './import-templates.ts'
import * as secondFactor from './second-factor.ts'
import * as inKind from './in-kind.ts'
import * as me from './me.ts'
import * as laneLocks from './lane-locks.ts'
import * as markDowns from './mark-downs.ts'
import * as money from './money.ts'
import * as offlinePasses from './offline-passes.ts'
import * as openCabinet from './open-cabinet.ts'
import * as organisations from './organisations.ts'
import * as payouts from './payouts.ts'
import * as personalData from './personal-data.ts'
import * as recalls from './recalls.ts'
import type { RouteContract } from './route.ts'
import * as reconciliation from './reconciliation.ts'
import * as replenishment from './replenishment.ts'
import * as restockTasks from './restock-tasks.ts'
import * as sales from './sales.ts'
import * as rollouts from './rollouts.ts'
import * as scaleChecks from './scale-checks.ts'
import * as shelf from './shelf.ts'
import * as serviceQuality from './service-quality.ts'
import * as sessions from './sessions.ts'
import * as stock from './stock.ts'
import * as stockLosses from './stock-losses.ts'
import * as stockChecks from './stock-checks.ts'
import * as surplus from './surplus.ts'
import * as warnings from './warnings.ts'
import * as writeOffs from './write-offs.ts'

/** Tells a route from the schemas that stand beside it in a contract file. */
function isRoute(value: unknown): value is RouteContract {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'access' in value
}

/** Every HTTP route of the product: OpenAPI is written from this list and the server must register each of them. */
export const routes: readonly RouteContract[] = [
  me,
  identity,
  secondFactor,
  audit,
  personalData,
  disclosure,
  shelf,
  cabinets,
  fleet,
  rollouts,
  serviceQuality,
  catalog,
  stock,
  stockLosses,
  stockChecks,
  markDowns,
  replenishment,
  restockTasks,
  harvestCalls,
  laneLocks,
  scaleChecks,
  recalls,
  openCabinet,
  sessions,
  disputes,
  money,
  offlinePasses,
  households,
  importTemplates,
  incomes,
  assistance,
  inKind,
  benefitLinks,
  surplus,
  warnings,
  organisations,
  distributions,
  payouts,
  reconciliation,
  sales,
  writeOffs,
  alerts,
].flatMap((noun) => Object.values(noun as Record<string, unknown>).filter(isRoute))
