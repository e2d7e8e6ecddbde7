// Which passwords nobody may choose: those that guessing begins with. No rule about letters and signs beside it, which only
// makes people write passwords down (NIST SP 800-63B-4, 3.1.1.2; OWASP ASVS 5.0, 6.2.4 and 6.2.5).
import { RefusalError } from '../errors/refusal.ts'

/** A login shorter than this is in too many good passwords by chance. */
const shortestLogin = 4

let common: Promise<ReadonlySet<string>> | undefined

/** Some 50,000 passwords that leaked most often; read at the first use, since most processes never need it. */
function readCommon(): Promise<ReadonlySet<string>> {
  common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set(dictionary['passwords-common'].map(String)),
  )
  return common
}

/** Refuses a password that is common, one sign repeated, or has the own login in it. `field` is where it was given. */
export async function checkNewPassword(password: string, login: string, field: string): Promise<void> {
  const folded = password.normalize('NFKC').toLowerCase()
  const hasLogin = login.length >= shortestLogin && folded.includes(login.toLowerCase())
  if (hasLogin || new Set(folded).size < 3 || (await readCommon()).has(folded))
    throw new RefusalError('identity.password_common', undefined, { field })
}
