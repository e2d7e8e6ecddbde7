import { createInterface } from 'node:readline'
import { obeyHands } from './hands-console.ts'
import { serveCabinet } from './serve-cabinet.ts'
import { parseVirtualCabinetArguments, virtualCabinetHelp } from './virtual-cabinet-options.ts'

/** The virtual cabinet's process: boards on a port, hands on standard input. */
async function main(): Promise<void> {
  const options = parseVirtualCabinetArguments(process.argv.slice(2))
  if (options === undefined) {
    process.stdout.write(virtualCabinetHelp)
    return
  }
  if ('problems' in options) {
    process.stderr.write(`${options.problems.join('\n')}\nSee --help.\n`)
    process.exitCode = 1
    return
  }
  const served = await serveCabinet(options)
  const print = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`)
  const { lock, scale, lanes, seed } = options
  const scanner = served.scannerUrl === undefined ? {} : { scanner: served.scannerUrl }
  print({ listening: served.url, ...scanner, lock, scale, lanes, seed })

  const hands = createInterface({ input: process.stdin })
  const stop = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
    hands.on('line', (line) => {
      if (line.trim() === '') return
      const result = obeyHands(line, served.cabinet, served.lineName)
      if (result.kind === 'quit') resolve()
      else print(result.answer)
    })
  })
  // The end of standard input ends the hands only: as a background process the boards stay.
  await stop
  hands.close()
  process.stdin.destroy()
  await served[Symbol.asyncDispose]()
}

await main()
