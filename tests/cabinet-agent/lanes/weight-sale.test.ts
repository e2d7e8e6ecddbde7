import { describe, expect, it } from 'vitest'
import { unverifiedLanes } from '#cabinet-agent/lanes/weight-sale.ts'
import type { PlanogramLane } from '#shared/contracts/mqtt/twin.ts'

const lane = (laneId: string, mode: PlanogramLane['mode']): PlanogramLane => ({
  laneId,
  skuId: '019ab000-0000-7000-8000-000000000004',
  skuName: '土豆',
  mode,
  capacity: 20,
  labelUnitMassMg: 160_000,
  labelUnitMassSdMg: 40_000,
  isOnSale: true,
})

describe('goods by weight', () => {
  const lanes = [lane('L01', 'piece'), lane('L02', 'weight')]

  it('are refused without a certificate, and from the instant it expires', () => {
    const scaleVerification = { certificateNumber: '渝检 2026-17', expiresAtMs: 1_000 }

    expect(unverifiedLanes(lanes, { scaleVerification: null }, 0)).toEqual([lanes[1]])
    expect(unverifiedLanes(lanes, { scaleVerification }, 1_000)).toEqual([lanes[1]])
    expect(unverifiedLanes(lanes, { scaleVerification }, 999)).toEqual([])
  })
})
