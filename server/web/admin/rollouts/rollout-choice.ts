// What the form of a roll-out makes of what was typed.

/** Settings that hold for every cabinet alike: addresses and certificates of a single one are no matter for the fleet. */
export const settingNames = [
  'noOpenTimeoutMs',
  'doorOpenPromptMs',
  'doorOpenAlarmMs',
  'settleTimeoutMs',
  'telemetryIntervalMs',
  'heartbeatIntervalMs',
  'liveIntervalMs',
  'maxTemperatureDeciC',
] as const

/** `1, 10, 100` → sizes of the waves before the last, which is all the rest. */
export function parseWaves(text: string): number[] {
  return text
    .split(/[\s,，]+/)
    .filter((part) => part !== '')
    .map(Number)
}

/** Codes as typed, one a line or with commas → ids in that order, and the codes that no cabinet has. */
export function chooseCabinets(
  text: string,
  fleet: ReadonlyArray<readonly [cabinetId: string, code: string, site: string]>,
): { readonly cabinetIds: string[]; readonly unknown: string[] } {
  const idOf = new Map(fleet.map(([cabinetId, code]) => [code, cabinetId]))
  const codes = text
    .toUpperCase()
    .split(/[\s,，;；]+/)
    .filter((code) => code !== '')
  return {
    cabinetIds: codes.flatMap((code) => idOf.get(code) ?? []),
    unknown: codes.filter((code) => !idOf.has(code)),
  }
}
