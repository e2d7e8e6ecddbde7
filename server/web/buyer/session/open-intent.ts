// One intent to open a door has one key, however often the button is tapped, the request is repeated or the page is
// reloaded: the server adopts the session of a key it has seen. The key goes when the server has answered.
import { makeId } from '#shared/ids/uuid-v7.ts'
import type { WebContext } from '../../common/web-context.ts'

const storageKey = (cabinetCode: string) => `huinong.open.${cabinetCode}`

/** The key of the intent that is under way at this cabinet, or of a new one. */
export function openIntentKey(cabinetCode: string, { clock, random, window }: WebContext): string {
  try {
    const known = window.sessionStorage.getItem(storageKey(cabinetCode))
    if (known !== null) return known
  } catch {
    // Without storage an intent lives as long as its request.
  }
  const key = makeId(clock, random)
  try {
    window.sessionStorage.setItem(storageKey(cabinetCode), key)
  } catch {
    // As above.
  }
  return key
}

/** The server has decided: the next tap is a new intent. */
export function endOpenIntent(cabinetCode: string, { window }: WebContext): void {
  try {
    window.sessionStorage.removeItem(storageKey(cabinetCode))
  } catch {
    // Nothing was stored then.
  }
}
