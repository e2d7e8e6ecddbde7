import type { CabinetHardware } from '#firmware-bridge/ports/devices.ts'
import type { CancelTimer, Clock } from '#shared/time/clock.ts'
import { z } from 'zod'
import type { Journal, JournalWrite } from '../journal/journal.ts'
import { coolAndOpen, judgeWarmth, resetWarmth, type Warmth } from './heat-rule.ts'

const Stored = z.object({
  warmSinceMs: z.int().optional(),
  highestDeciC: z.int().optional(),
  isWarm: z.boolean(),
  isLocked: z.boolean(),
})

export interface HeatWatchOptions {
  hardware: CabinetHardware
  journal: Journal
  clock: Clock
  limitDeciC: () => number | null
  write: (write: JournalWrite) => boolean
  onChanged: () => void
}

/** The alarm that stands while the cabinet is locked for its warmth. */
export const heatAlarm = 'over_temperature'
const readEveryMs = 30_000

/** Reads the thermometer and locks the cabinet when it was too warm for too long; needs no server and outlives a restart. */
export class HeatWatch {
  readonly #options: HeatWatchOptions
  #warmth: Warmth
  #cancel: CancelTimer = () => {}
  #isStopped = false

  constructor(options: HeatWatchOptions) {
    this.#options = options
    const stored = Stored.safeParse(options.journal.setting('heat'))
    const { warmSinceMs, highestDeciC, isWarm, isLocked } = stored.success ? stored.data : coolAndOpen
    this.#warmth = {
      ...(warmSinceMs === undefined ? {} : { warmSinceMs }),
      ...(highestDeciC === undefined ? {} : { highestDeciC }),
      isWarm,
      isLocked,
    }
  }

  get isLocked(): boolean {
    return this.#warmth.isLocked
  }

  start(): void {
    if (this.#options.hardware.thermometer !== undefined) void this.#read()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  /** A person has inspected the goods. Returns why it cannot be, or undefined when it is done. */
  reset(also: Omit<JournalWrite, 'atMs'>): 'not_locked' | 'too_warm' | undefined {
    const next = resetWarmth(this.#warmth)
    if (next === undefined) return this.#warmth.isLocked ? 'too_warm' : 'not_locked'
    this.#keep(next, { ...also, clearAlarms: [heatAlarm] })
    return undefined
  }

  async #read(): Promise<void> {
    const { hardware, clock, limitDeciC } = this.#options
    const climate = await hardware.thermometer?.read().catch(() => undefined)
    if (this.#isStopped) return
    if (climate !== undefined) {
      const reading = { temperatureDeciC: climate.temperatureDeciC, atMs: clock.now() }
      const next = judgeWarmth(this.#warmth, reading, limitDeciC())
      if (next.isWarm !== this.#warmth.isWarm || next.isLocked !== this.#warmth.isLocked)
        this.#keep(next, alarmOf(next))
      else this.#warmth = next
    }
    this.#cancel = clock.setTimer(readEveryMs, () => void this.#read())
  }

  #keep(next: Warmth, also: Omit<JournalWrite, 'atMs'>): void {
    this.#warmth = next
    this.#options.write({ ...also, atMs: this.#options.clock.now(), settings: { ...also.settings, heat: next } })
    this.#options.onChanged()
  }
}

/** Raising an alarm that stands changes nothing. */
function alarmOf({ isLocked, highestDeciC }: Warmth): Omit<JournalWrite, 'atMs'> {
  if (!isLocked) return {}
  const detail = highestDeciC === undefined ? '' : `${(highestDeciC / 10).toFixed(1)} °C at most`
  return { raiseAlarms: [{ alarm: heatAlarm, detail }] }
}
