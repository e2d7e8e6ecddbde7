import type { LaneSetup, SessionSetup } from '#cabinet-agent/weighing/session-setup.ts'

/** Decoder inputs with sensible defaults: a typical scale, and lanes of ten 500 g packs. */

export function laneSetup(overrides: Partial<LaneSetup> = {}): LaneSetup {
  return {
    laneId: 'L01',
    skuId: 'plum-500g',
    mode: 'piece',
    priceFen: 1280,
    unitWeight: { meanMg: 500_000, sdMg: 5000, samples: 12 },
    stock: { count: 10, grossMg: 5_000_000 },
    ...overrides,
  }
}

export function sessionSetup(overrides: Partial<SessionSetup> = {}): SessionSetup {
  return { divisionMg: 1000, samplePeriodMs: 100, scaleSdMg: 700, lanes: [laneSetup()], ...overrides }
}
