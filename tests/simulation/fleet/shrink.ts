// Makes a failing run small: fewer sessions, fewer cabinets, and only the faults it needs. Each try is a whole run, exact by seed.
import { faultKinds } from './faults.ts'
import type { SimulationOptions, SimulationResult, Simulator } from './simulate.ts'

export interface Shrunk {
  readonly options: SimulationOptions
  readonly result: SimulationResult
}

export async function shrink(
  simulator: Simulator,
  options: SimulationOptions,
  result: SimulationResult,
): Promise<Shrunk> {
  let least: Shrunk = { options, result }
  const attempt = async (change: Partial<SimulationOptions>): Promise<boolean> => {
    const tried = { ...least.options, ...change }
    const again = await simulator.run(tried)
    if (again.violations.length === 0) return false
    least = { options: tried, result: again }
    return true
  }
  await attempt({ sessions: Math.max(1, result.people.made) })
  for (const kind of faultKinds) {
    const { without = [] } = least.options
    if (!without.includes(kind)) await attempt({ without: [...without, kind] })
  }
  while (least.options.cabinets > 1 && (await attempt({ cabinets: least.options.cabinets - 1 })));
  while (least.options.sessions > 1) {
    const isShorter = await attempt({ sessions: Math.floor(least.options.sessions / 2) })
    if (!isShorter && !(await attempt({ sessions: Math.floor(least.options.sessions * 0.8) }))) break
  }
  return least
}
