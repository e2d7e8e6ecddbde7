// A household's phone number as it is kept: sealed, with its mask beside it. Only a reveal with a reason opens it again.
import type { Sealer } from '../personal-data/seal.ts'
import { maskPhone } from './masking.ts'

export interface SealedPhone {
  readonly sealed: string
  /** 138****1234. */
  readonly masked: string
  /** Whether what is kept of the household holds this very number; two numbers may share a mask. */
  isNumberIn(kept: string): boolean
}

export const phonePurpose = (householdCode: string) => `household-phone:${householdCode}`

export function sealPhone(sealer: Sealer, householdCode: string, phone: string): SealedPhone {
  const purpose = phonePurpose(householdCode)
  return {
    sealed: sealer.seal(phone, purpose),
    masked: maskPhone(phone),
    isNumberIn: (kept) => sealer.open(kept, purpose) === phone,
  }
}
