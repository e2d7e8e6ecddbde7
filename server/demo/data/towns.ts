/**
 * The eleven agricultural towns with their statistical codes (domain.md, data for the demo) and the demo's villages.
 * Apart from Qinglong, which the source names, every village is invented, and its code (town + 2xx) is synthetic.
 */
export interface Town {
  readonly code: string
  readonly name: string
}
export interface Village {
  /** Twelve digits: town code + 2xx. */
  readonly code: string
  readonly name: string
  readonly townCode: string
}

export const towns = [
  { code: '500112129', name: '玉峰山镇' },
  { code: '500112131', name: '龙兴镇' },
  { code: '500112133', name: '统景镇' },
  { code: '500112135', name: '大湾镇' },
  { code: '500112138', name: '兴隆镇' },
  { code: '500112139', name: '木耳镇' },
  { code: '500112140', name: '茨竹镇' },
  { code: '500112141', name: '古路镇' },
  { code: '500112142', name: '石船镇' },
  { code: '500112143', name: '大盛镇' },
  { code: '500112144', name: '洛碛镇' },
] as const satisfies readonly Town[]
export type TownName = (typeof towns)[number]['name']

/** About the middle of each town, and of the district's built-up area; WGS 84, good for routes of a demo. */
const middles: Readonly<Record<string, readonly [lon: number, lat: number]>> = {
  玉峰山镇: [106.685, 29.705],
  龙兴镇: [106.8, 29.685],
  统景镇: [106.93, 29.93],
  大湾镇: [106.775, 29.98],
  兴隆镇: [106.745, 29.88],
  木耳镇: [106.655, 29.8],
  茨竹镇: [106.735, 30.03],
  古路镇: [106.7, 29.835],
  石船镇: [106.85, 29.755],
  大盛镇: [106.865, 29.93],
  洛碛镇: [106.96, 29.72],
}
const cityMiddle = [106.631, 29.718] as const

/** The middle of a town, or of the city where the name is no town's. */
export function placeOfTown(name: string): { readonly lonMicrodeg: number; readonly latMicrodeg: number } {
  const [lon, lat] = middles[name] ?? cityMiddle
  return { lonMicrodeg: Math.round(lon * 1_000_000), latMicrodeg: Math.round(lat * 1_000_000) }
}

const invented = ['演示一村', '演示二村', '演示三村', '演示四村', '演示五村', '演示六村'] as const

/** The village whose households founded the citrus share union. */
export const qinglong: Village = { code: '500112143201', name: '青龙村', townCode: '500112143' }

/** Six villages a town, numbered from 201. */
export const villages: readonly Village[] = towns.flatMap((town) =>
  invented.map((name, index) => {
    const code = `${town.code}${201 + index}`
    return code === qinglong.code ? qinglong : { code, name, townCode: town.code }
  }),
)

/** The statistical code of a town by its name. */
export function townCodeOf(name: TownName): string {
  return towns.find((town) => town.name === name)?.code ?? ''
}
