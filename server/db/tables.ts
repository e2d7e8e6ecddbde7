// Every noun's tables, once per dialect. A new noun adds its schema.ts here, then `npm run migrations` makes the migrations
// of both dialects anew (there is one initial migration per dialect until the first release).
import { alertStorage, alertTables } from '../alerts/schema.ts'
import { agentReleaseStorage, agentReleaseTables } from '../agent-releases/schema.ts'
import { assistanceStorage, assistanceTables } from '../assistance/schema.ts'
import { attributionStorage, attributionTables } from '../attribution/schema.ts'
import { auditStorage, auditTables } from '../audit/schema.ts'
import { benefitLinkTables } from '../benefit-links/schema.ts'
import { cabinetStorage, cabinetTables } from '../cabinets/schema.ts'
import { calendarTables } from '../calendar/schema.ts'
import { catalogStorage, catalogTables } from '../catalog/schema.ts'
import { distributionStorage, distributionTables } from '../distributions/schema.ts'
import { disclosureStorage, disclosureTables } from '../disclosure/schema.ts'
import { harvestStorage, harvestTables } from '../harvest-calls/schema.ts'
import { householdStorage, householdTables } from '../households/schema.ts'
import { incomeStorage, incomeTables } from '../incomes/schema.ts'
import { identityStorage, identityTables } from '../identity/schema.ts'
import { inKindStorage, inKindTables } from '../in-kind/schema.ts'
import { laneLockTables } from '../lane-locks/schema.ts'
import { ledgerStorage, ledgerTables } from '../ledger/schema.ts'
import { markDownTables } from '../mark-downs/schema.ts'
import { mqttStorage, mqttTables } from '../mqtt/schema.ts'
import { offlinePassStorage, offlinePassTables } from '../offline-passes/schema.ts'
import { organisationStorage, organisationTables } from '../organisations/schema.ts'
import { paymentStorage, paymentTables } from '../payments/schema.ts'
import { payoutStorage, payoutTables } from '../payouts/schema.ts'
import { reconciliationStorage, reconciliationTables } from '../reconciliation/schema.ts'
import { personalDataStorage, personalDataTables } from '../personal-data/schema.ts'
import { replenishmentTables } from '../replenishment/schema.ts'
import { recallTables } from '../recalls/schema.ts'
import { restockTables } from '../restock/schema.ts'
import { restockTaskStorage, restockTaskTables } from '../restock-tasks/schema.ts'
import { salesTables } from '../sales/schema.ts'
import { rolloutTables } from '../rollouts/schema.ts'
import { scaleCheckStorage, scaleCheckTables } from '../scale-checks/schema.ts'
import { sessionStorage, sessionTables } from '../sessions/schema.ts'
import { stockStorage, stockTables } from '../stock/schema.ts'
import { stockCheckTables } from '../stock-checks/schema.ts'
import { surplusStorage, surplusTables } from '../surplus/schema.ts'
import { warningStorage, warningTables } from '../warnings/schema.ts'
import { disputeTables } from '../disputes/schema.ts'
import { writeOffStorage, writeOffTables } from '../write-offs/schema.ts'
import { makeKit } from './kit.ts'
import type { Dialect, Kit, Storage } from './kit.ts'

/** One line per noun. A table that references another noun's takes it as a second argument. */
export function makeTables(kit: Kit) {
  const ledger = ledgerTables(kit)
  const attribution = attributionTables(kit, ledger)
  const payments = paymentTables(kit)
  const offlinePasses = offlinePassTables(kit)
  const organisations = organisationTables(kit)
  const distributions = distributionTables(kit, organisations)
  const catalog = catalogTables(kit, organisations)
  const stock = stockTables(kit, catalog)
  const stockChecks = stockCheckTables(kit)
  const markDowns = markDownTables(kit, catalog)
  const laneLocks = laneLockTables(kit, catalog)
  const recalls = recallTables(kit, catalog)
  const households = householdTables(kit)
  const assistance = assistanceTables(kit, households)
  const surplus = surplusTables(kit, households)
  const warnings = warningTables(kit, { ...households, ...catalog })
  const benefitLinks = benefitLinkTables(kit, { ...catalog, ...households })
  const inKind = inKindTables(kit, households)
  const incomes = incomeTables(kit, households)
  const sessions = sessionTables(kit)
  const disputes = disputeTables(kit, sessions)
  const restock = restockTables(kit)
  const restockTasks = restockTaskTables(kit)
  const harvest = harvestTables(kit, { ...catalog, ...households })
  const replenishment = replenishmentTables(kit)
  const sales = salesTables(kit)
  const writeOffs = writeOffTables(kit)
  const calendar = calendarTables(kit)
  const payouts = payoutTables(kit)
  const reconciliation = reconciliationTables(kit)
  const identity = identityTables(kit)
  const cabinets = cabinetTables(kit)
  const agentReleases = agentReleaseTables(kit)
  const rollouts = rolloutTables(kit, cabinets)
  const scaleChecks = scaleCheckTables(kit, cabinets)
  const mqtt = mqttTables(kit)
  const personalData = personalDataTables(kit)
  const audit = auditTables(kit)
  const disclosure = disclosureTables(kit)
  const alerts = alertTables(kit)
  return {
    ...identity,
    ...alerts,
    ...cabinets,
    ...agentReleases,
    ...rollouts,
    ...scaleChecks,
    ...mqtt,
    ...ledger,
    ...attribution,
    ...payments,
    ...offlinePasses,
    ...organisations,
    ...distributions,
    ...catalog,
    ...stock,
    ...stockChecks,
    ...markDowns,
    ...laneLocks,
    ...recalls,
    ...households,
    ...assistance,
    ...surplus,
    ...inKind,
    ...benefitLinks,
    ...warnings,
    ...incomes,
    ...sessions,
    ...disputes,
    ...restock,
    ...restockTasks,
    ...harvest,
    ...replenishment,
    ...sales,
    ...writeOffs,
    ...personalData,
    ...audit,
    ...calendar,
    ...payouts,
    ...reconciliation,
    ...disclosure,
  }
}

/**
 * Storage rules of all nouns; read by .tools/migrations.mjs out of a bundle, which the dead-code check cannot see.
 * @public
 */
export const storages: readonly Storage[] = [
  auditStorage,
  identityStorage,
  cabinetStorage,
  agentReleaseStorage,
  scaleCheckStorage,
  mqttStorage,
  ledgerStorage,
  attributionStorage,
  paymentStorage,
  offlinePassStorage,
  organisationStorage,
  distributionStorage,
  catalogStorage,
  stockStorage,
  householdStorage,
  assistanceStorage,
  surplusStorage,
  writeOffStorage,
  inKindStorage,
  warningStorage,
  incomeStorage,
  personalDataStorage,
  disclosureStorage,
  restockTaskStorage,
  harvestStorage,
  sessionStorage,
  payoutStorage,
  reconciliationStorage,
  alertStorage,
]

export type Tables = ReturnType<typeof makeTables>

const made = new Map<Dialect, Tables>()

export function tablesOf(dialect: Dialect): Tables {
  let tables = made.get(dialect)
  if (tables === undefined) {
    tables = makeTables(makeKit(dialect))
    made.set(dialect, tables)
  }
  return tables
}
