// What the page of one's own sign-in says. English stands in its own file and must have the same shape.
import { createCatalogue } from '../../common/i18n/catalogue.ts'

function securityChinese() {
  return {
    title: '登录安全',
    app: '验证器',
    must: '您的岗位登录时除密码外还要验证器的动态码。请先绑定，再继续。',
    isOn: '已绑定：登录要密码和动态码。',
    isOff: '未绑定：登录只要密码。',
    password: '当前密码',
    begin: '绑定验证器',
    scan: '用手机上的验证器应用扫这个码，再填应用显示的六位数字。',
    qr: '验证器的二维码',
    byHand: '不能扫码时，手工输入密钥',
    code: '动态码',
    codeOrRecovery: '动态码或恢复码',
    confirm: '确认绑定',
    recovery: '恢复码',
    recoveryHint: '手机丢了，用恢复码登录，每个只能用一次。只显示这一次：请打印或抄下，放在安全的地方。',
    copy: '复制全部',
    copied: '已复制。',
    kept: '我已保存',
    remove: '解除绑定',
    removeHint: '换手机时先解除，再用新手机绑定。',
    sessions: '登录着的地方',
    since: '登录时间',
    until: '到期',
    thisOne: '本机',
    end: '退出',
  }
}
export type SecurityMessages = ReturnType<typeof securityChinese>

export const useSecurityMessages = createCatalogue<SecurityMessages>(
  securityChinese,
  async () => (await import('./security-english.ts')).securityEnglish,
).use
