import { z } from 'zod'

/** An Ed25519 public key: SubjectPublicKeyInfo, DER, base64. */
export const PublicKey = z.base64().min(50).max(80).meta({ id: 'PublicKey' })
