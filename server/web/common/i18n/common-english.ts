import type { CommonMessages } from './common-messages.ts'
import type { Words } from './locale.ts'
import { problemEnglish } from './problem-english.ts'

export function commonEnglish(words: Words): CommonMessages {
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
    problems: problemEnglish,
    problemUnauthorised: 'You have been signed out. Sign in again.',
    problemForbidden: 'Your account may not do this. Ask an administrator if you need it.',
    problemNotFound: 'This could not be found. Check the code, or go back.',
    problemBusy: 'Too many tries, or the system is busy. Try again in a few seconds.',
    problemServer: 'The server failed. Try again later, or contact the operator if it keeps happening.',
    problemOther: (detail: string) => `That did not work: ${detail} Check it and try again.`,
    signIn: {
      title: 'Sign in',
      login: 'Login or staff number',
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
