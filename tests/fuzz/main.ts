// `npm run fuzz [-- --bytes N --seed N]`: every framer under N bytes (default 10⁸) of seeded noise and damaged frames.
import { parseArgs } from 'node:util'
import { framerTargets, fuzzFramer } from './framers.ts'

const usage = 'usage: fuzz [--bytes N] [--seed N]'

function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${text} is not a whole number above 0`)
  return value
}

try {
  const { values } = parseArgs({
    options: { bytes: { type: 'string', default: '100000000' }, seed: { type: 'string', default: '2026' } },
  })
  const [bytes, seed] = [wholeNumber(values.bytes), wholeNumber(values.seed)]
  for (const name of Object.keys(framerTargets)) {
    const { frames, longestPushMs, heapMegabytes, bytes: done } = fuzzFramer(name, seed, bytes)
    const figures = `${done} bytes, ${frames} frames, longest push ${longestPushMs.toFixed(1)} ms, heap ${heapMegabytes.toFixed(0)} MB`
    console.log(`${name.padEnd(18)} ${figures}`)
  }
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`)
  process.exitCode = 1
}
