// What is said about goods near their date. English stands in its own file, in the same shape.
import { createCatalogue } from '../../common/i18n/catalogue.ts'

function nearExpiryChinese() {
  return {
    lead: '快到期的货先降价；本柜卖不完的，调到卖得完的柜子；都卖不完的捐出去。捐赠按标价付给农户。',
    tabs: { proposals: '调拨与捐赠', prices: '降价', rules: '规则' },
    proposedAt: '提出',
    goods: '商品',
    traceCode: '追溯码',
    what: '怎么办',
    kinds: { transfer: '调拨', donation: '捐赠' },
    from: '从',
    to: '到',
    units: '件数',
    daysLeft: '剩余天数',
    expected: '到期前预计能卖',
    here: (units: string) => `本柜 ${units} 件`,
    there: (units: string) => `对方 ${units} 件`,
    state: '状态',
    states: { open: '待处理', accepted: '已采纳', dismissed: '已放下', lapsed: '已失效' },
    noProposals: '现在没有要调拨或捐赠的。',
    accept: { transfer: '采纳调拨', donation: '采纳捐赠' },
    acceptHint: {
      transfer: '账上立即从这个货道记到对方货道。',
      donation: '账上立即捐出，按标价付给农户，由运营方承担。',
    },
    recipient: '捐给谁',
    note: '说明',
    dismiss: '放下',
    dismissHint: '这个货道里的这一批以后不再提出。',
    cabinet: '柜子',
    percentOff: '降幅',
    listPrice: '原价',
    price: '现价',
    atFloor: '不低于农户保底价',
    since: '起于',
    until: '止于',
    priceStates: { true: '正在降价', false: '已结束' },
    noPrices: '现在没有降价的商品。',
    rulesLead: '按品类设：剩几天时降多少，从几天起调拨，从几天起捐赠。保存后十分钟内生效，正在购物的不变。',
    noRules: '还没有规则，临期商品不会降价。',
    category: '品类',
    categories: {
      fruit: '水果',
      vegetable: '蔬菜',
      egg: '蛋',
      dry_goods: '干货',
      condiment: '调味',
      drink: '饮料',
      livestock: '畜禽',
    },
    stepDays: '剩余天数不超过',
    stepPercent: '降价 %',
    addStep: '加一步',
    removeStep: '去掉这一步',
    transferDays: '调拨：剩余天数不超过',
    donationDays: '捐赠：剩余天数不超过',
    addRule: '增加品类',
    removeRule: '去掉这个品类',
    saved: '已保存',
  }
}
export type NearExpiryMessages = ReturnType<typeof nearExpiryChinese>

export const useNearExpiryMessages = createCatalogue<NearExpiryMessages>(
  nearExpiryChinese,
  async () => (await import('./near-expiry-english.ts')).nearExpiryEnglish,
).use
