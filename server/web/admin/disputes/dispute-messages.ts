// What is said about disputes. English stands in its own file, in the same shape.
import { createCatalogue } from '../../common/i18n/catalogue.ts'

function disputesChinese() {
  return {
    lead: '买家对小票有异议时写在这里。每一条只答复一次，可以退回其中的钱。',
    raised: '提出时间',
    cabinet: '柜子',
    bill: '小票金额',
    complaint: '买家怎么说',
    answer: '答复',
    refunded: '退款',
    state: '状态',
    onlyOpen: '只看未答复的',
    open: '待答复',
    answered: '已答复',
    none: '没有申诉。',
    unknown: '这次购物没有申诉。请回到列表。',
    session: '看这次购物和称重曲线',
    weights: '开门前后的重量',
    noWeights: '没有货道的重量变过，或没有称重证据。',
    lane: '货道',
    before: '开门前',
    after: '关门后',
    change: '变化',
    error: '标准误差',
    charged: '收款',
    refunds: '已退的钱',
    line: '小票行',
    left: '还可退',
    giveBack: '退回（元）',
    all: '全退',
    sum: (amount: string) => `一共退 ${amount}`,
    stands: '不退款，小票不变',
    answerLabel: '给买家的答复',
    answerHint: '买家会看到这段话。退的钱按原路从每个受益方扣回，农户不会被扣成负数。',
    tooShort: '请写明理由（至少 2 个字）。',
    tooMuch: '有一行超过了还可退的金额。请改小。',
    send: '答复并退款',
    sent: '已答复。',
    onlyFinance: '由财务或管理员答复。',
  }
}
export type DisputeMessages = ReturnType<typeof disputesChinese>

export const useDisputeMessages = createCatalogue<DisputeMessages>(
  disputesChinese,
  async () => (await import('./dispute-english.ts')).disputesEnglish,
).use
