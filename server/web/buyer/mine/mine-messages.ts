// What the pages behind "mine" say: passes, arrears, impact and disputes. Apart, so that the entry does not carry it.
import { createCatalogue } from '../../common/i18n/catalogue.ts'

function mineChinese() {
  return {
    pass: {
      title: '离线码',
      lead: '柜子没有网络时，用它开门一次。',
      empty: '还没有离线码。趁有网络时领一个，存在手机里。',
      cabinet: '常去的柜号',
      cabinetHint: '同一单位的柜子都能用。',
      cap: '最多花多少',
      get: '领离线码',
      getting: '正在领取…',
      hold: (amount: string) => `会冻结 ${amount}。没用完的，过期后自动退回。`,
      show: '把它对准柜上的扫码口',
      site: '可用于',
      until: (time: string) => `${time} 前有效`,
      worth: (amount: string) => `最多 ${amount}，只能用一次`,
      offline: '现在没有网络，显示的是存在手机里的离线码。',
      kept: '已存在手机里，没有网络也能打开这一页。',
      revoke: '手机丢了？作废它',
      revoked: '已作废。',
      used: '用过的',
      usedAt: (cabinet: string, time: string) => `${cabinet} · ${time}`,
      states: { valid: '有效', expired: '已过期', revoked: '已作废', closed: '已结束' },
    },
    arrears: {
      title: '欠款',
      hint: '离线购买时超出离线码额度的部分。还清后才能再领离线码。',
      pay: (amount: string) => `从余额还 ${amount}`,
      paying: '正在还款…',
      since: (time: string) => `${time} 起`,
    },
    impact: {
      title: '我的贡献',
      lead: (purchases: number, amount: string) => `${purchases} 次购买，共 ${amount}`,
      toHouseholds: '其中到农户手里',
      households: (count: number) => `${count} 户农户`,
      villages: '到了哪些村',
      none: '还没有购买。买一次，就能看见钱到了哪个村。',
    },
    dispute: {
      weights: '称重前后',
      weightsHint: '账单由这些重量得出。',
      before: '开门前',
      after: '关门后',
      change: '变化',
      charged: '收费',
      noWeights: '货道重量没有变化。',
      refunds: '已退款',
      raise: '对账单有疑问',
      complaint: '哪里不对？',
      complaintHint: '例如：只拿了一份，收了两份。',
      tooShort: '请写清楚哪里不对，至少 2 个字。',
      send: '提交申诉',
      sending: '正在提交…',
      raised: '申诉已提交，工作人员会看称重记录。结果显示在这里，不会多收钱。',
      mine: '我的申诉',
      answer: '答复',
      refunded: (amount: string) => `退回 ${amount}`,
      stands: '账单不变',
    },
  }
}
export type MineMessages = ReturnType<typeof mineChinese>

export const useMineMessages = createCatalogue<MineMessages>(
  mineChinese,
  async () => (await import('./mine-english.ts')).mineEnglish,
).use
