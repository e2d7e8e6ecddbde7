import { expect, it } from 'vitest'
import { findPlanted } from './find-planted.ts'

// The quick ones; `npm run simulate -- --mutations` looks for all of them.
it.each([
  'forgets which commands and sessions it has seen',
  'lets commands live for ever',
  'posts one side of a transfer',
])(
  'the simulation finds a part that %s',
  async (name) => {
    const { violation, sessions } = await findPlanted(name)

    expect(violation).toBeDefined()
    expect(sessions).toBeLessThan(10_000)
  },
  180_000,
)
