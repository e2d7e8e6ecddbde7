// What the pages of sales and write-offs say. English stands in its own file, in the same shape.
import { createCatalogue } from '../../common/i18n/catalogue.ts'

function salesChinese() {
  return {
    from: '从',
    through: '到',
    category: '类别',
    categories: {
      fruit: '水果',
      vegetable: '蔬菜',
      egg: '蛋',
      dry_goods: '干货',
      condiment: '调料',
      drink: '饮品',
      livestock: '畜禽',
    },
    channel: '渠道',
    channels: { cabinet: '智能柜', unit_order: '单位采购', dealer: '经销商', other: '其他' },
    sold: '销售',
    takenBack: '退款和核销',
    net: '净额',
    total: '合计',
    none: '这段时间没有销售。',
    chart: (from: string, through: string, total: string) =>
      `${from} 至 ${through} 按类别和渠道的销售净额，合计 ${total}；数字见下表。`,
    openings: '记账以前的销售',
    openingsHint: '来自文件，由两个人录入和批准；不计入上面的合计。',
    document: '文号',
    throughDay: '截至',
    note: '说明',
    amount: '金额（元）',
    enter: '录入',
    entered: '已录入，等另一个人批准。',
    approve: '批准一份已录入的文件',
    approved: '已批准，开始计入。',
    any: '不分',
    noOpenings: '没有。',
    writeOff: {
      lead: '收不回来的货款：一个人提出，另一个人批准，批准后才记账。农户的钱不会变成负数。',
      state: '状态',
      states: { proposed: '待批准', approved: '已核销', withdrawn: '已撤回' },
      kind: '哪种销售',
      kinds: { cabinet: '柜子销售', surplus: '滞销帮销' },
      line: '销售行编号',
      reason: '原因',
      propose: '提出核销',
      approve: '批准',
      withdraw: '撤回',
      at: '时间',
      none: '没有核销。',
      cents: '金额',
      recoveries: '后来收回的',
      noRecoveries: '还没有收回。',
      recover: '登记收回',
    },
  }
}
export type SalesMessages = ReturnType<typeof salesChinese>

export const useSalesMessages = createCatalogue<SalesMessages>(
  salesChinese,
  async () => (await import('./sales-english.ts')).salesEnglish,
).use
