import { accountsModule } from './accounts/module.ts'
import type { AdminModule } from './admin-module.ts'
import { alertsModule } from './alerts/module.ts'
import { cabinetsModule } from './cabinets/module.ts'
import { auditModule, reconciliationModule, warningsModule } from './desk/module.ts'
import { disputesModule } from './disputes/module.ts'
import { distributionsModule, organisationsModule } from './distributions/module.ts'
import { goodsModule } from './goods/module.ts'
import { harvestModule } from './harvest/module.ts'
import { householdsModule, visitsModule } from './households/module.ts'
import { importsModule } from './imports/module.ts'
import { ledgerModule } from './ledger/module.ts'
import { nearExpiryModule } from './near-expiry/module.ts'
import { overviewModule } from './overview/module.ts'
import { payoutsModule } from './payouts/module.ts'
import { restockingModule } from './restocking/module.ts'
import { rolloutsModule } from './rollouts/module.ts'
import { salesModule, writeOffsModule } from './sales/module.ts'
import { sessionsModule } from './sessions/module.ts'
import { surplusModule } from './surplus/module.ts'

/** The domains in the order of the menu. */
export const modules: readonly AdminModule[] = [
  overviewModule,
  cabinetsModule,
  rolloutsModule,
  alertsModule,
  goodsModule,
  nearExpiryModule,
  restockingModule,
  harvestModule,
  sessionsModule,
  disputesModule,
  householdsModule,
  visitsModule,
  warningsModule,
  surplusModule,
  salesModule,
  organisationsModule,
  distributionsModule,
  payoutsModule,
  reconciliationModule,
  writeOffsModule,
  ledgerModule,
  importsModule,
  auditModule,
  accountsModule,
]
