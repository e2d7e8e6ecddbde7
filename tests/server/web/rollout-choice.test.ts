import { describe, expect, it } from 'vitest'
import { CabinetConfigChange } from '#shared/contracts/mqtt/twin.ts'
import { chooseCabinets, parseWaves, settingNames } from '#server/web/admin/rollouts/rollout-choice.ts'

const fleet = [
  ['id-1', 'YB-0001', '大盛镇机关'],
  ['id-2', 'YB-0002', '统景镇卫生院'],
] as const

describe('the form of a roll-out', () => {
  it('reads codes however they are parted, in their order', () => {
    expect(chooseCabinets(' yb-0002，YB-0001\n', fleet)).toEqual({ cabinetIds: ['id-2', 'id-1'], unknown: [] })
  })

  it('names the codes that no cabinet has', () => {
    expect(chooseCabinets('YB-0001 YB-9999', fleet).unknown).toEqual(['YB-9999'])
  })

  it('reads the sizes of the waves', () => {
    expect(parseWaves('1, 10，100')).toEqual([1, 10, 100])
  })

  it('offers settings that a cabinet knows', () => {
    expect(Object.keys(CabinetConfigChange.shape)).toEqual(expect.arrayContaining([...settingNames]))
  })
})
