// Which step a cabinet may take in its roll-out (domain.md, A1: planned → installed → live → withdrawn). A live one may go
// back to installed while it is repaired; a withdrawn one may be planned again for another place.
import type { z } from 'zod'
import type { RolloutState } from '#shared/contracts/http/cabinets.ts'

type State = z.infer<typeof RolloutState>

export const rolloutSteps: Readonly<Record<State, readonly State[]>> = {
  planned: ['installed', 'withdrawn'],
  installed: ['live', 'planned', 'withdrawn'],
  live: ['installed', 'withdrawn'],
  withdrawn: ['planned'],
}

export function mayStep(from: State, to: State): boolean {
  return rolloutSteps[from].includes(to)
}
