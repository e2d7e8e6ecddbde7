// The list of nouns the server is made of: their routes, and what they do with what cabinets say.
import type { NounRoutes } from './context.ts'
import type { CommandEndHandlers, EventHandlers, LiveHandler } from './mqtt/event-handlers.ts'

export interface Noun {
  readonly routes?: NounRoutes
  readonly events?: EventHandlers
  readonly commandEnds?: CommandEndHandlers
  readonly live?: LiveHandler
}

export const nouns: readonly Noun[] = []
