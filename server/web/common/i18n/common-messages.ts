// Sentences that every page needs: actions, sign-in and what to do when something fails.
import type { Locale, Words } from './locale.ts'
import { problemMessages } from './problem-messages.ts'

function zh(words: Words) {
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
    problems: problemMessages.zh,
    problemUnauthorised: '登录已过期。请重新登录。',
    problemForbidden: '您的账号没有这项权限。需要的话请联系管理员。',
    problemNotFound: '找不到要看的内容。请检查编号，或返回上一页。',
    problemBusy: '操作太频繁或系统正忙。请过几秒再试。',
    problemServer: '服务器出错了。请稍后再试；若反复出现，请联系运营方。',
    problemOther: (detail: string) => `没有成功：${detail}。请检查后再试。`,
    signIn: {
      title: '登录',
      login: '工号或手机号',
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
export type CommonMessages = ReturnType<typeof zh>

function en(words: Words): CommonMessages {
  return {
    productName: 'Huinong Cabinet',
    productLong: `Smart cabinet for ${words.reliefEnglish} produce`,
    language: '中文',
    languageLabel: 'Switch to Chinese',
    retry: 'Try again',
    back: 'Back',
    loading: 'Loading…',
    save: 'Save',
    cancel: 'Cancel',
    close: 'Close',
    signOut: 'Sign out',
    problems: problemMessages.en,
    problemUnauthorised: 'You have been signed out. Sign in again.',
    problemForbidden: 'Your account may not do this. Ask an administrator if you need it.',
    problemNotFound: 'This could not be found. Check the code, or go back.',
    problemBusy: 'Too many tries, or the system is busy. Try again in a few seconds.',
    problemServer: 'The server failed. Try again later, or contact the operator if it keeps happening.',
    problemOther: (detail: string) => `That did not work: ${detail} Check it and try again.`,
    signIn: {
      title: 'Sign in',
      login: 'Staff number or phone',
      password: 'Password',
      submit: 'Sign in',
      submitting: 'Signing in…',
      wrong: 'Account or password is wrong. Check both and try again.',
    },
    password: {
      title: 'Choose a new password',
      must: 'This is a one-time password. Choose your own before you go on.',
      current: 'Current password',
      next: 'New password (at least 8 characters)',
      submit: 'Set password',
      done: 'Password changed.',
    },
  }
}

export const commonMessages: Record<Locale, (words: Words) => CommonMessages> = { zh, en }
