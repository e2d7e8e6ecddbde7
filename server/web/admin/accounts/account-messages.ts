// What the pages of accounts say. English stands in its own file, in the same shape.
import { createCatalogue } from '../../common/i18n/catalogue.ts'

function accountChinese() {
  return {
    create: '新建账号',
    importMany: '从文件导入许多账号',
    role: '角色',
    onlyClosed: '只看停用的',
    area: '所管区域代码（专班）',
    household: '户编号（农户）',
    site: '点位',
    createdAt: '建立时间',
    roleNotes: {
      buyer: '在柜子买东西',
      farmer: '看自己家的账',
      restocker: '补货',
      operator: '管柜子、货品、名册',
      finance: '管兑付、分红、对账',
      helper: '看自己帮扶的农户，记走访',
      desk: '看本区域农户，办滞销帮销',
      auditor: '只看，不改',
      admin: '管账号和设置',
    },
    oneTime: '一次性密码只显示这一次，请现在记下交给本人。首次登录要改。',
    access: '角色和范围',
    save: '保存',
    saved: '已保存，这个账号要重新登录。',
    lock: '停用',
    unlock: '重新启用',
    reset: '重设密码',
    endSessions: '退出所有登录',
    ended: (count: number) => `已退出 ${count} 处登录。`,
    signIns: '还有效的登录',
    since: '登录时间',
    until: '有效到',
    none: '现在没有登录。',
    must: '还没有改过一次性密码',
    back: '账号',
    chooseRole: '请至少选一个角色。',
    reason: '原因（如手机丢了）',
    removeFactor: '解除验证器绑定',
    factorRemoved: '已解除，下次登录要重新绑定。',
  }
}
export type AccountMessages = ReturnType<typeof accountChinese>

export const useAccountMessages = createCatalogue<AccountMessages>(
  accountChinese,
  async () => (await import('./account-english.ts')).accountEnglish,
).use
