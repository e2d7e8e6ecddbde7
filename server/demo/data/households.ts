import type { Random } from '#shared/ids/random.ts'
import { splitByLargestRemainder } from '#shared/units/fen.ts'
import { chooseBetween, chooseOne } from './choose.ts'
import { inventName } from './names.ts'
import { qinglong, towns, villages, type Village } from './towns.ts'

/**
 * The 919 synthetic relief households, their helpers, and the citrus share union of Qinglong: 517 member households, of
 * which six are relief households too (domain.md, A10 and A12). Only what may be stored is made: no ids, no causes.
 */
export type DemoHouseholdKind = 'POOR' | 'EXITED' | 'UNSTABLE_EXITED' | 'EDGE_AT_RISK' | 'SUDDEN_HARDSHIP' | 'ORDINARY'

export interface DemoHousehold {
  /** Sixteen digits: village + serial. */
  readonly householdCode: string
  readonly headName: string
  readonly village: Village
  readonly kind: DemoHouseholdKind
  readonly population: number
  readonly identifiedYear?: number
  readonly exitedYear?: number
  /** Eleven digits that no network hands out. */
  readonly phone: string
  /** Key of the helper; ordinary members have none. */
  readonly helperKey?: string
}
export interface DemoHelper {
  readonly key: string
  readonly name: string
  readonly unit: string
}
export interface DemoPeople {
  readonly helpers: readonly DemoHelper[]
  readonly households: readonly DemoHousehold[]
  /** Codes of the union's member households. */
  readonly unionMemberCodes: readonly string[]
}

export const reliefHouseholdCount = 919
export const unionMemberCount = 517
export const unionReliefCount = 6
const householdsPerHelper = 3
const helperUnits = ['区农业农村委', '区教委', '区卫生健康委', '区供销社', '区交通局', '区水利局', '区城管局'] as const

function inventPhone(random: Random): string {
  return `100${String(chooseBetween(random, 0, 99_999_999)).padStart(8, '0')}`
}

function inventRelief(random: Random, village: Village, serial: number, helperKey: string): DemoHousehold {
  const roll = chooseBetween(random, 0, 99)
  // The source calls the union's six poor; elsewhere most had left poverty by spring 2020.
  const isPoor = village.code === qinglong.code || roll < 4
  const kind = isPoor
    ? 'POOR'
    : roll < 86
      ? 'EXITED'
      : roll < 93
        ? 'UNSTABLE_EXITED'
        : roll < 98
          ? 'EDGE_AT_RISK'
          : 'SUDDEN_HARDSHIP'
  const hasExited = kind === 'EXITED' || kind === 'UNSTABLE_EXITED'
  const identifiedYear = hasExited || isPoor ? chooseBetween(random, 2014, 2017) : 2019
  return {
    householdCode: `${village.code}${String(serial).padStart(4, '0')}`,
    headName: inventName(random),
    village,
    kind,
    population: chooseBetween(random, 1, 6),
    identifiedYear,
    ...(hasExited ? { exitedYear: chooseBetween(random, identifiedYear + 1, 2019) } : {}),
    phone: inventPhone(random),
    helperKey,
  }
}

/** Relief households a village has: six in Qinglong, the others share the rest evenly. */
function reliefCounts(): number[] {
  const others = villages.filter(({ code }) => code !== qinglong.code)
  const shares = splitByLargestRemainder(
    reliefHouseholdCount - unionReliefCount,
    others.map(() => 1),
  )
  let next = 0
  return villages.map(({ code }) => (code === qinglong.code ? unionReliefCount : (shares[next++] ?? 0)))
}

function inventHelpers(random: Random): DemoHelper[] {
  return Array.from({ length: Math.ceil(reliefHouseholdCount / householdsPerHelper) }, (_, index) => ({
    key: `helper-${String(index + 1).padStart(3, '0')}`,
    name: inventName(random),
    unit: chooseOne(random, helperUnits),
  }))
}

export function inventPeople(random: Random): DemoPeople {
  const helpers = inventHelpers(random)
  const counts = reliefCounts()
  const relief: DemoHousehold[] = []
  villages.forEach((village, index) => {
    for (let serial = 1; serial <= (counts[index] ?? 0); serial += 1) {
      const helper = helpers[Math.floor(relief.length / householdsPerHelper)]
      if (helper === undefined) throw new RangeError('there are fewer helpers than households need')
      relief.push(inventRelief(random, village, serial, helper.key))
    }
  })
  const ordinary = Array.from({ length: unionMemberCount - unionReliefCount }, (_, index): DemoHousehold => ({
    householdCode: `${qinglong.code}${String(1001 + index)}`,
    headName: inventName(random),
    village: qinglong,
    kind: 'ORDINARY',
    population: chooseBetween(random, 1, 6),
    phone: inventPhone(random),
  }))
  const households = [...relief, ...ordinary]
  const members = households.filter(({ village }) => village === qinglong)
  return { helpers, households, unionMemberCodes: members.map(({ householdCode }) => householdCode) }
}

/** The town's name of a household's village. */
export function townNameOf(household: DemoHousehold): string {
  return towns.find(({ code }) => code === household.village.townCode)?.name ?? ''
}
