import type { MassMg } from '#shared/units/mass.ts'

/** Something that is not for sale but may end up on a lane. `name` is what the virtual board calls it. */
export interface ForeignThing {
  readonly key: 'phone' | 'keys' | 'umbrella' | 'cup'
  readonly name: string
  readonly massMg: MassMg
}

export const foreignThings: readonly ForeignThing[] = [
  { key: 'phone', name: '手机', massMg: 186_000 },
  { key: 'keys', name: '钥匙', massMg: 64_000 },
  { key: 'umbrella', name: '雨伞', massMg: 342_000 },
  { key: 'cup', name: '水杯', massMg: 271_000 },
]

/** What a hand that rests on a scale weighs. */
export const handMassMg: MassMg = 650_000
