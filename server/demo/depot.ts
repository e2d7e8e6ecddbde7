/**
 * The demo's depot: finds a lot that can go on a shelf, and receives a new one over the HTTP API when the old ones are used
 * up or about to expire. It alone knows what a lot's pieces truly weigh, as only the goods themselves would.
 */
import { listLots, listSkus, listSuppliers, receiveLot } from '#shared/contracts/http/catalog.ts'
import { seededRandom } from '#shared/ids/random.ts'
import type { Id } from '#shared/ids/uuid-v7.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { ApiClient } from './api-client.ts'
import type { DemoData } from './data/demo-data.ts'
import { skuOf, supplierOf, type SkuKey } from './data/goods.ts'
import { inventLot, serialOf, type DemoLot } from './data/shelves.ts'

/** A lot that can be loaded, with the truth about its pieces. */
export interface DepotLot {
  readonly lotId: Id
  readonly skuId: Id
  readonly name: string
  readonly unitMassMg: number
  readonly unitMassSdMg: number
}

export interface Depot {
  /** A lot with at least `count` pieces left that keeps for some hours; receives one when there is none. */
  takeLot(skuKey: SkuKey, count: number): Promise<DepotLot>
}

const hourMs = 3_600_000
/** Goods that expire sooner are not put on a shelf. */
const freshForMs = 6 * hourMs

/** Pieces of a lot that may lie in lanes already, at most: the lot's count of what is left includes them. */
const unitsOnShelves = 120

/** `api` is signed in as a restocker; `seed` is that of the demo's data. */
export async function openDepot(api: ApiClient, data: DemoData, seed: number, clock: Clock): Promise<Depot> {
  const [skus, suppliers] = await Promise.all([
    api.call(listSkus, { query: { limit: 200 } }),
    api.call(listSuppliers, { query: { limit: 200 } }),
  ])

  /** A lot's truth follows from the seed and its serial, so later starts know the lots of earlier ones. */
  function truthOf(skuKey: SkuKey, serial: number): DemoLot {
    const first = data.lots.find((lot) => lot.serial === serial)
    return first ?? inventLot(seededRandom(seed + serial), skuKey, data, serial)
  }

  function idOf(skuKey: SkuKey): Id {
    const { name, spec } = skuOf(skuKey)
    const found = skus.rows.find((row) => row.name === name && row.spec === spec)
    if (found === undefined) throw new Error(`the catalog has no ${name}`)
    return found.skuId
  }

  async function receive(skuKey: SkuKey, serial: number): Promise<Id> {
    const { unitsReceived, certificateNumber, sources, ageHours } = truthOf(skuKey, serial)
    const { name } = supplierOf(skuOf(skuKey).supplierKey)
    const supplier = suppliers.rows.find((row) => row.name === name)
    if (supplier === undefined) throw new Error(`the catalog has no supplier ${name}`)
    const { lotId } = await api.call(receiveLot, {
      body: {
        skuId: idOf(skuKey),
        supplierId: supplier.supplierId,
        harvestedAtMs: clock.now() - ageHours * hourMs,
        unitsReceived,
        certificateNumber,
        sources: [...sources],
      },
    })
    return lotId
  }

  /** Serials count through all SKUs, so that a number names one lot. */
  async function nextSerial(): Promise<number> {
    const { rows } = await api.call(listLots, { query: { limit: 200 } })
    return 1 + Math.max(data.lots.length, ...rows.map(({ certificateNumber }) => serialOf(certificateNumber) ?? 0))
  }

  async function takeLot(skuKey: SkuKey, count: number): Promise<DepotLot> {
    const skuId = idOf(skuKey)
    const { rows } = await api.call(listLots, { query: { skuId, limit: 200 } })
    const usable = rows.find(
      ({ unitsLeft, expiresAtMs, certificateNumber }) =>
        serialOf(certificateNumber) !== undefined &&
        expiresAtMs > clock.now() + freshForMs &&
        unitsLeft >= count + unitsOnShelves,
    )
    const serial = (usable && serialOf(usable.certificateNumber)) ?? (await nextSerial())
    const lotId = usable?.lotId ?? (await receive(skuKey, serial))
    const { trueUnitMassMg, trueUnitMassSdMg } = truthOf(skuKey, serial)
    return { lotId, skuId, name: skuOf(skuKey).name, unitMassMg: trueUnitMassMg, unitMassSdMg: trueUnitMassSdMg }
  }

  // One at a time: two restocks that miss the same goods receive one lot, not two.
  let last: Promise<unknown> = Promise.resolve()
  return {
    takeLot(skuKey, count) {
      const taking = last.then(() => takeLot(skuKey, count))
      last = taking.catch(() => undefined)
      return taking
    },
  }
}
