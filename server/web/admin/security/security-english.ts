import type { SecurityMessages } from './security-messages.ts'

/** The page of one's own sign-in in English. */
export function securityEnglish(): SecurityMessages {
  return {
    title: 'Sign-in security',
    app: 'Authenticator app',
    must: 'Your role signs in with a code of an authenticator app beside the password. Add one first, then go on.',
    isOn: 'On: signing in takes the password and a code.',
    isOff: 'Off: signing in takes the password alone.',
    password: 'Current password',
    begin: 'Add an app',
    scan: 'Scan this code with the authenticator app of your phone, then enter the six digits that it shows.',
    qr: 'QR code for the authenticator app',
    byHand: 'If it cannot be scanned, type in this key',
    code: 'Code',
    codeOrRecovery: 'Code or recovery code',
    confirm: 'Confirm',
    recovery: 'Recovery codes',
    recoveryHint:
      'If the phone is lost, sign in with one of these; each works once. They are shown only now: print or write them down and keep them safe.',
    copy: 'Copy all',
    copied: 'Copied.',
    kept: 'I have kept them',
    remove: 'Remove the app',
    removeHint: 'To move to another phone, remove the app here and add it there.',
    sessions: 'Where you are signed in',
    since: 'Since',
    until: 'Until',
    thisOne: 'here',
    end: 'End',
  }
}
