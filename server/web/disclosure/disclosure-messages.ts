// What the open books say. English stands in its own file and must have the same shape.
import { createCatalogue } from '../common/i18n/catalogue.ts'
import { commonChinese } from '../common/i18n/common-messages.ts'
import type { Words } from '../common/i18n/locale.ts'

function disclosureChinese(words: Words) {
  return {
    common: commonChinese(words),
    title: '公开的账',
    lead: '每天把前一天所有归户收入算成一个校验值公布出来；谁都可以拿自己的证明来核对。这里没有任何个人信息。',
    notices: '公示',
    noNotices: '现在没有公示。',
    kinds: { income: '收入', payout: '兑付', distribution: '分红' },
    openUntil: (day: string) => `公示到 ${day}`,
    endings: { withdrawn: '已撤回', rejected: '成员大会未通过', reversed: '入账后已冲销' },
    households: (count: number) => `${count} 户`,
    days: '每天的校验值',
    noDays: '还没有公布过。每天公布前一天的。',
    day: '日期',
    lines: '收入笔数',
    total: '合计',
    root: '校验值（默克尔根）',
    more: '看更早的',
    verify: '核对一份证明',
    verifyLead: '把小票或“我家的账”给出的证明文件贴在下面。核对在您的浏览器里完成，什么都不上传。',
    proof: '证明（JSON）',
    check: '核对',
    good: (amount: string, place: number, count: number, day: string) =>
      `证明成立：${amount} 是 ${day} 公布的 ${count} 笔中的第 ${place} 笔。`,
    reasons: {
      format: '这不是收入证明。请把证明文件的全部内容贴进来。',
      day: '证明里的这一天和它自己的校验值对不上，证明被改过。',
      line: '证明和它说的那一笔对不上，证明被改过。',
      root: '算出来的校验值不是那一天的，这一笔不在公布的账里。',
      published: '证明里的校验值不是我们公布的那一个。请保存证明并联系村委会。',
      unknown: '那一天还没有公布。请第二天再来。',
      insecure: '这个浏览器在不加密的网址下不能核对。请用 https 网址，或用 verify.mjs 核对。',
    },
    sections: '本页内容',
    money: {
      title: '钱准不准',
      sound: '账本平衡，差额 0 分',
      broken: '账本有差异，正在核查',
      checked: (count: number, at: string) => `核对了 ${count} 笔，${at}`,
      unchecked: '账本还没有核对过。每天夜里自动核对。',
      difference: (amount: string) => `差额 ${amount}`,
      channels: { 'top-ups': '充值与渠道对账单', payouts: '兑付与银行回单' } as Record<string, string>,
      uncompared: '还没有和银行、渠道的对账单比对过。',
      automatic: (share: string, count: number) => `最近 24 小时结束的 ${count} 次购物，${share} 不用人工就结清。`,
      noSales: '最近 24 小时没有结束的购物。',
    },
    impact: {
      title: '带来了多少收入',
      lead: (least: number, through: string) =>
        `到户收入按镇和产品汇总，截至 ${through}（只公布整月）。每个数至少代表 ${least} 户，不够的并入“几种合计”或“几个镇合计”。`,
      none: '还没有公布过整月的数据。每个整月公布后在下个月更新。',
      year: '年份',
      total: (year: string, amount: string) => `${year} 年到户合计 ${amount}`,
      town: '镇',
      product: '产品或来源',
      households: '户数',
      amount: '到户收入',
      severalTowns: '几个镇合计',
      several: '几种合计',
      sources: {
        sale: '柜子销售',
        surplus: '滞销帮销',
        dividend: '分红',
        wage: '工资',
        grant: '补助',
        other: '其他',
      },
    },
    offline: '也可以离线核对：下载',
  }
}
export type DisclosureMessages = ReturnType<typeof disclosureChinese>

export const disclosureCatalogue = createCatalogue<DisclosureMessages>(
  disclosureChinese,
  async () => (await import('./disclosure-english.ts')).disclosureEnglish,
)
export const useMessages = disclosureCatalogue.use
