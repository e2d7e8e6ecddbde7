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
    offline: '也可以离线核对：下载',
  }
}
export type DisclosureMessages = ReturnType<typeof disclosureChinese>

export const disclosureCatalogue = createCatalogue<DisclosureMessages>(
  disclosureChinese,
  async () => (await import('./disclosure-english.ts')).disclosureEnglish,
)
export const useMessages = disclosureCatalogue.use
