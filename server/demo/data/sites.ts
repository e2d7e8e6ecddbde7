import type { Random } from '#shared/ids/random.ts'
import { chooseOne } from './choose.ts'
import { placeOfTown, towns } from './towns.ts'

/**
 * The 1,000 host sites of the pilot with one cabinet each (domain.md: government 420, hospital and health centre 180,
 * school 400, of which 380 are staff zones). Six cabinets are live: the virtual ones that the demo runs.
 */
export interface DemoSite {
  readonly key: string
  readonly name: string
  readonly kind: 'government' | 'hospital' | 'school'
  readonly address: string
  readonly townCode?: string
  readonly place: { readonly lonMicrodeg: number; readonly latMicrodeg: number }
}
export interface DemoCabinet {
  readonly code: string
  readonly siteKey: string
  readonly rolloutState: 'planned' | 'installed' | 'live' | 'withdrawn'
  /** The load-cell profile of a virtual cabinet's scales; absent when the cabinet has no boards here. */
  readonly scaleProfile?: 'good' | 'typical' | 'bad'
}

const siteRows = [
  { kind: 'government', label: '机关服务点', count: 420 },
  { kind: 'hospital', label: '卫生院服务点', count: 180 },
  { kind: 'school', label: '学校教职工区', count: 380 },
  { kind: 'school', label: '职业学校服务点', count: 12 },
  { kind: 'school', label: '大学服务点', count: 8 },
] as const

/** Cabinet number → what is installed there. Each kind of site and each load-cell profile is met. */
const liveCabinets = [
  { kind: 'government', scaleProfile: 'typical' },
  { kind: 'hospital', scaleProfile: 'good' },
  { kind: 'school', scaleProfile: 'typical' },
  { kind: 'government', scaleProfile: 'good' },
  { kind: 'hospital', scaleProfile: 'typical' },
  { kind: 'school', scaleProfile: 'bad' },
] as const
/** Sites of a place lie around its middle like seeds of a sunflower, within about three kilometres: no chance needed. */
function placeAround(middle: DemoSite['place'], index: number): DemoSite['place'] {
  const angle = index * 2.399_963
  const spread = 1_400 * Math.sqrt(1 + (index % 400))
  return {
    lonMicrodeg: middle.lonMicrodeg + Math.round(spread * Math.cos(angle)),
    latMicrodeg: middle.latMicrodeg + Math.round(spread * Math.sin(angle)),
  }
}

const installedThrough = 320
const withdrawnCount = 5

function inventSites(random: Random): DemoSite[] {
  const places = [...towns.map(({ name }) => name), '渝北城区']
  return siteRows.flatMap(({ kind, label, count }) =>
    Array.from({ length: count }, (_, index): DemoSite => {
      const place = chooseOne(random, places)
      const town = towns.find(({ name }) => name === place)
      const number = String(index + 1).padStart(3, '0')
      return {
        key: `${label}-${number}`,
        name: `${place}${label} ${number}（演示）`,
        kind,
        address: `重庆市渝北区${place}演示路 ${index + 1} 号`,
        ...(town === undefined ? {} : { townCode: town.code }),
        place: placeAround(placeOfTown(place), index),
      }
    }),
  )
}

/** The live cabinets stand at the first site of their kind, then the rest take the sites in turn. */
export function inventSitesAndCabinets(random: Random): { sites: DemoSite[]; cabinets: DemoCabinet[] } {
  const sites = inventSites(random)
  const free = [...sites]
  const takeSite = (kind?: DemoSite['kind']): DemoSite => {
    const index = kind === undefined ? 0 : free.findIndex((site) => site.kind === kind)
    const [site] = free.splice(index, 1)
    if (site === undefined) throw new RangeError('there are fewer sites than cabinets')
    return site
  }
  const cabinets = sites.map((_, index): DemoCabinet => {
    const live = liveCabinets[index]
    const code = `YB-${String(index + 1).padStart(4, '0')}`
    if (live !== undefined) {
      return { code, siteKey: takeSite(live.kind).key, rolloutState: 'live', scaleProfile: live.scaleProfile }
    }
    const isInstalled = index < installedThrough
    const isWithdrawn = isInstalled && index >= installedThrough - withdrawnCount
    return {
      code,
      siteKey: takeSite().key,
      rolloutState: isWithdrawn ? 'withdrawn' : isInstalled ? 'installed' : 'planned',
    }
  })
  return { sites, cabinets }
}
