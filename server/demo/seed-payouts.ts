/**
 * What a payout needs: the working-day calendar, two bank profiles and a confirmed account for each household, whose numbers no
 * bank hands out. Who entered the accounts, who confirmed them, and the three people of the finance office are five accounts.
 */
import type { Id } from '#shared/ids/uuid-v7.ts'
import { enterCalendarDays } from '../calendar/calendar-days.ts'
import type { Unit, UnitContext } from '../db/unit.ts'
import { bringInAccounts } from '../payouts/bring-in-accounts.ts'
import { saveProfile, standardProfile } from '../payouts/bank-profiles.ts'
import { sealAccount } from '../payouts/payee-account-seal.ts'
import type { Sealer } from '../personal-data/seal.ts'
import { demoCalendar } from './data/calendar.ts'
import type { DemoData } from './data/demo-data.ts'

const monthMs = 30 * 86_400_000
/** Account and bank numbers begin with 9999: no issuer has these digits. */
const payer = { payerName: '渝北区惠农柜演示专户', payerAccount: '9999000000000000', payerBankNo: '999999000001' }

export function* seedPayouts(
  ctx: UnitContext,
  data: DemoData,
  sealer: Sealer,
  people: { readonly clerkId: Id; readonly checkerId: Id },
): Unit<void> {
  yield* enterCalendarDays(ctx, demoCalendar)
  yield* saveProfile(ctx, standardProfile('demo-csv', 'csv', payer), undefined)
  yield* saveProfile(ctx, standardProfile('demo-xlsx', 'xlsx', payer), undefined)
  yield* saveProfile(ctx, standardProfile('demo-iso20022', 'pain.001', payer), undefined)
  yield* bringInAccounts(
    ctx,
    data.households.map(({ householdCode, headName }, index) => {
      const payeeAccountId = ctx.newId()
      return {
        payeeAccountId,
        householdCode,
        name: headName,
        bankName: '演示农村商业银行',
        bankNo: '999999000002',
        reason: '演示数据',
        ...sealAccount(sealer, payeeAccountId, `9999${String(index + 1).padStart(15, '0')}`),
      }
    }),
    { changedBy: people.clerkId, confirmedBy: people.checkerId, atMs: ctx.now() - monthMs },
  )
}
