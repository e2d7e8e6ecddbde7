// Signs what cabinets may run with the key whose commands they obey: a broker or a page in between cannot make them run
// other code, and going back to older code needs a leave of its own.
import type { AgentRelease } from '#shared/contracts/mqtt/twin.ts'
import { agentReleaseSigningText } from '#shared/contracts/mqtt/twin.ts'
import type { CommandSigner } from '../mqtt/command-signer.ts'

export function signRelease(signer: CommandSigner, release: Omit<AgentRelease, 'signature'>): AgentRelease {
  return { ...release, signature: signer.signText(agentReleaseSigningText(release)) }
}

/** The same release with leave to go back to it from a newer version. */
export function allowGoingBack(signer: CommandSigner, release: AgentRelease, goesBackFrom: string): AgentRelease {
  const { version, sha256, sizeBytes } = release
  return signRelease(signer, { version, sha256, sizeBytes, goesBackFrom })
}

/** The same release as a cabinet takes it today: an earlier command key's signature is replaced by the present one's. */
export function renewRelease(signer: CommandSigner, { signature, ...release }: AgentRelease): AgentRelease {
  return { ...release, signature: signer.renew(agentReleaseSigningText(release), signature) }
}
