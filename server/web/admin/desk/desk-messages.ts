// What the desks for warnings, reconciliation and the audit trail say. English stands in its own file, in the same shape.
import { createCatalogue } from '../../common/i18n/catalogue.ts'

function deskChinese() {
  return {
    at: '时间',
    onlyOpen: '只看没处理的',
    warning: {
      rule: '规则',
      household: '农户',
      evidence: '依据',
      helper: '帮扶责任人',
      outcome: '处理结果',
      outcomes: {
        HELP_ARRANGED: '已安排帮扶',
        WATCHED_ON: '继续观察',
        NO_NEED: '不需要',
        DATA_WRONG: '数据有误',
        STATUS_REVIEW_ASKED: '建议复核身份',
      },
      note: '说明',
      close: '登记结果',
      none: '没有预警。',
    },
    line: {
      title: '监测线',
      none: '还没有录入监测线。按文件录入后，人均纯收入低于它的农户会出预警。',
      of: (year: number, version: number) => `${year} 年（第 ${version} 版）`,
      year: '年份',
      amount: '人均纯收入（元）',
      document: '文号',
      enter: '录入',
    },
    reconciliation: {
      channels: { 'top-ups': '充值', payouts: '兑付' },
      channel: '渠道',
      subject: '日期或批次',
      statement: '对账单',
      books: '账本',
      difference: '差异',
      open: '未处理',
      upload: '上传对账单',
      uploaded: (rows: number, from: string, through: string) => `已导入 ${rows} 行，${from} 至 ${through}，并已对账。`,
      already: '这份对账单已经导入过。',
      differences: '差异明细',
      kind: '类型',
      kinds: {
        missing_in_books: '账本里没有',
        missing_in_statement: '对账单里没有',
        amount_differs: '金额不一致',
      },
      reference: '凭证号',
      causes: {
        reference_mistyped: '凭证号可能输错',
        not_booked_yet: '可能还没入账',
        statement_not_complete: '对账单可能不全',
        fee_deducted: '可能扣了手续费',
        digits_swapped: '可能数字颠倒',
        decimal_point_lost: '可能丢了小数点',
        return_file_missing: '可能缺回盘文件',
        bank_did_not_pay: '可能银行没有付',
        bank_took_more: '银行划走的比批次多',
        bank_took_less: '银行划走的比批次少',
        paid_twice: '可能付了两次',
        fee_added: '可能加收了手续费',
        own_books_disagree: '账本和批次不一致',
      },
      state: '状态',
      states: { open: '待处理', proposed: '待批准', closed: '已平', matched: '已自动对上' },
      other: '对方账户',
      reason: '原因',
      propose: '提出处理',
      approve: '批准入账',
      none: '没有差异，差额 0 分。',
    },
    audit: {
      who: '谁',
      server: '系统',
      action: '做了什么',
      subject: '对象',
      why: '原因',
      details: '前后内容',
      check: '核对整条留痕',
      whole: (rows: number) => `留痕完整：核对了 ${rows} 条。`,
      broken: '留痕被动过，从这里开始不对：',
    },
  }
}
export type DeskMessages = ReturnType<typeof deskChinese>

export const useDeskMessages = createCatalogue<DeskMessages>(
  deskChinese,
  async () => (await import('./desk-english.ts')).deskEnglish,
).use
