// Keys of a server that never changes them, for agents that are made without an enrolment.
import type { KeyObject } from 'node:crypto'
import type { ServerKeys } from '#cabinet-agent/enrolment/key-keeper.ts'

export const fixedKeys = (keys: readonly KeyObject[]): ServerKeys => ({
  trusted: () => keys,
  named: () => [],
  follow: () => false,
})
