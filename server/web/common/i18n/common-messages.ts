// Sentences that every page needs: actions, sign-in and what to do when something fails.
import { createCatalogue } from './catalogue.ts'
import type { Words } from './locale.ts'
import { problemChinese } from './problem-chinese.ts'

export function commonChinese(words: Words) {
  return {
    productName: '惠农柜',
    productLong: `消费${words.relief}智能柜`,
    language: 'English',
    languageLabel: '切换为英文',
    retry: '重试',
    back: '返回',
    loading: '加载中…',
    save: '保存',
    cancel: '取消',
    close: '关闭',
    signOut: '退出登录',
    problems: problemChinese,
    problemUnauthorised: '登录已过期。请重新登录。',
    problemForbidden: '您的账号没有这项权限。需要的话请联系管理员。',
    problemNotFound: '找不到要看的内容。请检查编号，或返回上一页。',
    problemBusy: '操作太频繁或系统正忙。请过几秒再试。',
    problemServer: '服务器出错了。请稍后再试；若反复出现，请联系运营方。',
    problemOther: (detail: string) => `没有成功：${detail}。请检查后再试。`,
    signIn: {
      title: '登录',
      login: '账号或工号',
      password: '密码',
      submit: '登录',
      submitting: '正在登录…',
      wrong: '账号或密码不对。请核对后再试。',
    },
    password: {
      title: '设置新密码',
      must: '这是一次性密码。请先设置自己的密码，再继续使用。',
      current: '当前密码',
      next: '新密码（至少 8 位）',
      submit: '设置密码',
      done: '密码已更新。',
    },
  }
}
export type CommonMessages = ReturnType<typeof commonChinese>

export const commonCatalogue = createCatalogue<CommonMessages>(
  commonChinese,
  async () => (await import('./common-english.ts')).commonEnglish,
)
