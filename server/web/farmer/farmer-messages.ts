// What the farmer's page says: few words. English stands in its own file and must have the same shape.
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
  }
}
export type FarmerMessages = ReturnType<typeof farmerChinese>

export const farmerCatalogue = createCatalogue<FarmerMessages>(
  farmerChinese,
  async () => (await import('./farmer-english.ts')).farmerEnglish,
)
export const useMessages = farmerCatalogue.use
