// Signing in and out: apart from the account that every page asks for, as only the pages where one does it carry these contracts.
import { signIn, signOut } from '#shared/contracts/http/identity.ts'
import type { Me } from '#shared/contracts/http/me.ts'
import type { WebContext } from '../web-context.ts'

interface Credentials {
  readonly login: string
  readonly password: string
  /** Where the account has a second factor. */
  readonly code?: string
}

type Page = Pick<WebContext, 'account' | 'call'>

export async function signInWith({ account, call }: Page, credentials: Credentials): Promise<Me> {
  const me = await call(signIn, { body: credentials })
  account.adopt(me)
  return me
}

export async function signOutOf({ account, call }: Page): Promise<void> {
  await call(signOut)
  account.forget()
}
