// The fuzz run of `npm run fuzz` with fewer bytes.
import { describe, expect, it } from 'vitest'
import { framerTargets, fuzzFramer } from './framers.ts'

describe('a fuzzed framer', () => {
  it.each(Object.keys(framerTargets))('%s neither throws nor holds back more than a frame', (name) => {
    const { bytes, frames } = fuzzFramer(name, 7, 300_000)

    expect(bytes).toBeGreaterThanOrEqual(300_000)
    expect(frames).toBeGreaterThan(0)
  })
})
