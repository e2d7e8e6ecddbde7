// What the farmer's page says: few words. English stands in its own file and must have the same shape.
import type { HarvestCallState } from '#shared/contracts/http/harvest-calls.ts'
import { createCatalogue } from '../common/i18n/catalogue.ts'
import { commonChinese } from '../common/i18n/common-messages.ts'
import type { Words } from '../common/i18n/locale.ts'

function farmerChinese(words: Words) {
  return {
    common: commonChinese(words),
    title: '我家的账',
    total: '一共收入',
    sources: {
      sale: '卖货',
      surplus: '帮销',
      'stock-loss': '损耗照付',
      donation: '捐赠照付',
      distribution: '分红',
      patronage: '按交易返还',
      'second-distribution': '二次分配',
      wage: '工钱',
      grant: '补助',
      cost: '成本',
      history: '以前的',
    },
    lines: '一笔一笔',
    none: '还没有收入。货卖出去，当天就会在这里看到。',
    why: '怎么算的',
    more: '看更早的',
    helper: '帮我的人',
    noHelper: '还没有定帮扶责任人。请问村委会。',
    sixOnes: '六个一',
    done: '已做到',
    waiting: '还没有',
    notFarmer: '这个账号没有绑定农户。请用农户的账号登录，或请村委会帮忙。',
    publicBooks: '看公示和公开的账',
    offline: (at: string) => `没有网络。这是 ${at} 看到的，答复先存在手机里。`,
    kept: '已存在手机里，没有网络也能打开。',
    offlineEmpty: '没有网络，手机里也没有存过。请走到有信号的地方再打开。',
    calls: {
      title: '叫我采收',
      none: '现在没有要采的。',
      units: (count: number) => `${count} 件`,
      price: (amount: string) => `每件 ${amount}`,
      answerBy: (at: string) => `${at} 前答复`,
      deliverBy: (at: string) => `${at} 前送到集配点`,
      canBring: '我能交（件）',
      fewer: '少一些',
      more: '多一些',
      between: (most: number) => `请填 1 到 ${most} 之间的整数。`,
      accept: '接',
      acceptSome: (units: number) => `接 ${units} 件`,
      decline: '不接',
      accepted: '已接',
      waiting: (isAccepted: boolean, units?: number): string =>
        isAccepted ? `已记下：接${units === undefined ? '' : ` ${units} 件`}。有网就送出` : '已记下：不接。有网就送出',
      past: '以前的通知',
      states: {
        called: '待答复',
        accepted: '已接',
        declined: '没接',
        lapsed: '过时了',
        delivered: '送到了',
        failed: '没送到',
        withdrawn: '撤回了',
      } satisfies Record<HarvestCallState, string>,
    },
    lots: {
      title: '我家的货',
      own: (units: number) => `我家 ${units} 件`,
      sold: (sold: number, received: number) => `这一批卖了 ${sold} / ${received}`,
      daysLeft: (days: number) => `还能卖 ${days} 天`,
      over: '已过卖期',
      where: '现在在哪里',
      depot: '集配点',
    },
    problems: {
      'harvest_call.unknown': '没有这个通知了。',
      'harvest_call.deadline_past': '过了答复时间，已经叫了下一户。',
      'harvest_call.answered': '这个通知已经答复过了。',
      'harvest_call.too_many': '比要的多了。请少填一些再接。',
    } as Readonly<Record<string, string>>,
  }
}
export type FarmerMessages = ReturnType<typeof farmerChinese>

export const farmerCatalogue = createCatalogue<FarmerMessages>(
  farmerChinese,
  async () => (await import('./farmer-english.ts')).farmerEnglish,
)
export const useMessages = farmerCatalogue.use
