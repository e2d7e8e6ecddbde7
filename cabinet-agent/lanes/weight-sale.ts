import type { CabinetConfig, PlanogramLane } from '#shared/contracts/mqtt/twin.ts'

/**
 * Lanes priced by weight that may not be sold so: goods go by weight only on a scale whose verification certificate is
 * entered and has not expired. Source: weighing.md, rule 7.
 */
export function unverifiedLanes(
  lanes: readonly PlanogramLane[],
  { scaleVerification }: Pick<CabinetConfig, 'scaleVerification'>,
  nowMs: number,
): readonly PlanogramLane[] {
  if (scaleVerification !== null && nowMs < scaleVerification.expiresAtMs) return []
  return lanes.filter(({ mode }) => mode === 'weight')
}
