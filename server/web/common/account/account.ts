// Who is signed in, as far as this page knows. The session itself is a cookie that scripts cannot read; the page learns
// about it by asking.
import { shallowRef, type ShallowRef } from 'vue'
import { getMe, type Me } from '#shared/contracts/http/me.ts'
import { CallError } from '../http/call-error.ts'
import type { Call } from '../http/call.ts'

export interface Account {
  /** Undefined: nobody is signed in, or it is not known yet. */
  readonly me: ShallowRef<Me | undefined>
  /** Somebody was signed in here until the server said otherwise: whoever is asked to sign in again is told why. */
  readonly hasLapsed: ShallowRef<boolean>
  /** Asks the server once; later calls return the same answer. Rejects when the server cannot be reached. */
  load(): Promise<Me | undefined>
  /** Takes over an account that the server has just signed in. */
  adopt(me: Me): void
  /** By their own wish nobody is signed in any more. */
  forget(): void
  /** The server no longer knows who is signed in. */
  lapse(): void
  /** Lets the next `load` ask the server again. */
  doubt(): void
}

const hintKey = 'huinong.signed-in'

/** Remembers in the browser that somebody signed in here, so that strangers are not asked about in vain. */
function createHint(window: Window) {
  return {
    /** Undefined: without storage nobody knows. */
    read(): boolean | undefined {
      try {
        return window.localStorage.getItem(hintKey) !== null
      } catch {
        return undefined
      }
    },
    write(isSignedIn: boolean) {
      try {
        if (isSignedIn) window.localStorage.setItem(hintKey, '1')
        else window.localStorage.removeItem(hintKey)
      } catch {
        // Without storage the server is asked each time.
      }
    },
  }
}

/** `getCall` is read late, because the caller itself reports a lost sign-in to this account. */
export function createAccount(getCall: () => Call, window: Window): Account {
  const hint = createHint(window)
  const me = shallowRef<Me>()
  const hasLapsed = shallowRef(false)
  let loading: Promise<Me | undefined> | undefined

  async function ask(): Promise<Me | undefined> {
    const wasSignedIn = hint.read()
    if (wasSignedIn === false) return undefined
    try {
      me.value = await getCall()(getMe)
    } catch (error) {
      if (!(error instanceof CallError) || error.status !== 401) {
        loading = undefined
        throw error
      }
      me.value = undefined
      hasLapsed.value = wasSignedIn === true
    }
    return me.value
  }
  function adopt(value: Me) {
    me.value = value
    hasLapsed.value = false
    hint.write(true)
    loading = Promise.resolve(value)
  }
  function forget() {
    hasLapsed.value = false
    me.value = undefined
    hint.write(false)
    loading = Promise.resolve(undefined)
  }
  function lapse() {
    const was = hasLapsed.value || me.value !== undefined
    forget()
    hasLapsed.value = was
  }
  return {
    me,
    hasLapsed,
    load: () => (loading ??= ask()),
    adopt,
    forget,
    lapse,
    doubt: () => (loading = undefined),
  }
}
