import { systemClock } from '#shared/time/system-clock.ts'
import { DeviceError } from '../ports/device-error.ts'
import { parseProbeArguments, ProbeArgumentError, probeHelp, runProbe } from './run-probe.ts'

/** The probe's process: arguments in, one JSON object out. */
async function main(): Promise<number> {
  try {
    const request = parseProbeArguments(process.argv.slice(2))
    if (request === undefined) {
      process.stdout.write(probeHelp)
      return 0
    }
    process.stdout.write(`${JSON.stringify(await runProbe(request, systemClock))}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof DeviceError) && !(error instanceof ProbeArgumentError)) throw error
    process.stdout.write(`${JSON.stringify({ error: error.code, message: error.message })}\n`)
    return 1
  }
}

process.exitCode = await main()
