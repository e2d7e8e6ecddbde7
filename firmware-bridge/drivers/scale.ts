import type { Bus } from '../bus/bus.ts'
import type { Scale } from '../ports/devices.ts'
import type { ScaleSettings } from '../profile/installation-profile.ts'
import { createDiniScale } from './scale-dini-dgt.ts'
import { createSicsScale } from './scale-mt-sics.ts'
import { createSbtScale } from './scale-sbt.ts'

/** The scale an installation profile describes, on its bus. */
export function createScale(settings: ScaleSettings, bus: Bus, device: string): Scale {
  switch (settings.driver) {
    case 'scale-sbt':
      return createSbtScale(settings, bus, device)
    case 'scale-dini-dgt':
      return createDiniScale(settings, bus, device)
    case 'scale-mt-sics':
      return createSicsScale(settings, bus, device)
  }
}
