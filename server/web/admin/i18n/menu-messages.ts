/** The domains as the menu names them, and the headings they stand under. Short enough to come in both languages. */
export const menuChinese = {
  overview: '总览',
  cabinets: '柜子',
  sessions: '购物',
  households: '农户收入',
  warnings: '防返贫预警',
  surplus: '滞销帮销',
  organisations: '合作社与集体',
  distributions: '分红',
  payouts: '兑付',
  reconciliation: '对账',
  ledger: '账本',
  imports: '数据导入',
  audit: '操作留痕',
  accounts: '账号',
}
export type MenuMessages = typeof menuChinese

export const menuEnglish: MenuMessages = {
  overview: 'Overview',
  cabinets: 'Cabinets',
  sessions: 'Sessions',
  households: 'Household income',
  warnings: 'Warnings',
  surplus: 'Surplus desk',
  organisations: 'Organisations',
  distributions: 'Distributions',
  payouts: 'Payouts',
  reconciliation: 'Reconciliation',
  ledger: 'Ledger',
  imports: 'Imports',
  audit: 'Audit trail',
  accounts: 'Accounts',
}
