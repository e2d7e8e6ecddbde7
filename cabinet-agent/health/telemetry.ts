import type { CabinetHardware } from '#firmware-bridge/ports/devices.ts'
import type { Telemetry } from '#shared/contracts/mqtt/live.ts'

export interface TelemetrySources {
  hardware: CabinetHardware
  atMs: number
  uptimeMs: number
  outboxDepth: number
  freeBytes: number | undefined
  rssBytes: number
}

/** One telemetry message; the thermometer is read now. */
export async function readTelemetry(sources: TelemetrySources): Promise<Telemetry> {
  const { hardware, atMs, uptimeMs, outboxDepth, freeBytes, rssBytes } = sources
  const climate = await hardware.thermometer?.read().catch(() => undefined)
  return {
    atMs,
    ...(climate === undefined ? {} : { temperatureDeciC: climate.temperatureDeciC }),
    ...(climate?.humidityDeciPercent === undefined ? {} : { humidityDeciPercent: climate.humidityDeciPercent }),
    devices: hardware.health().map(({ device, isOnline, lastErrorCode }) => ({
      device,
      isOnline,
      ...(lastErrorCode === undefined ? {} : { lastErrorCode }),
    })),
    links: { ...hardware.counters() },
    outboxDepth,
    ...(freeBytes === undefined ? {} : { diskFreeBytes: freeBytes }),
    rssBytes,
    uptimeMs: Math.max(0, Math.round(uptimeMs)),
  }
}
