// The disk of the server or of a cabinet is full, for seconds, again and again: it says so, loses nothing it has acknowledged, and
// goes on when there is room.
import { join } from 'node:path'
import { createClosing } from '#server/demo/closing.ts'
import { chance, pick } from '#tests/simulation/fleet/world.ts'
import { mountSmallDisk, type SmallDisk } from '#tests/support/small-disk.ts'
import { Bench, CannotRun, type BenchOptions, type BenchResult } from './bench.ts'
import { Town } from './town.ts'

export interface DiskOptions extends BenchOptions {
  readonly spellsPerRound?: number
}

const megabyte = 1_048_576
/** Room for a day's books, not for a year's. */
const serverBytes = 96 * megabyte
const agentBytes = 12 * megabyte
/** Mean length of a spell, and mean pause before the next, ms. */
const spellMs = 4_000
const pauseMs = 3_000
const journal = { ballastBytes: 262_144, minFreeBytes: megabyte }

export async function tortureByFullDisk(options: DiskOptions): Promise<BenchResult> {
  const { count, folder, spellsPerRound = 20 } = options
  await using disks = createClosing()
  const mount = (name: string, bytes: number): SmallDisk => {
    const disk = mountSmallDisk(bytes, join(folder, name))
    if (disk === undefined) throw new CannotRun('A file system of a chosen size (tmpfs) cannot be mounted here.')
    disks.defer(async () => disk[Symbol.dispose]())
    return disk
  }
  const serverDisk = mount('server', serverBytes)
  const codes = Array.from({ length: options.cabinets }, (_, index) => `YB-${String(index + 1).padStart(4, '0')}`)
  const agentDisks = codes.map((code) => mount(code, agentBytes))
  await using town = await Town.start({ ...options, journal })
  const bench = await Bench.open(town, options)
  const counts = { serverFull: 0, agentFull: 0, kills: 0 }
  const done = () => counts.serverFull + counts.agentFull
  while (done() < count && !bench.isBroken) {
    const until = Math.min(count, done() + spellsPerRound)
    const trouble = async () => {
      while (done() < until) {
        await bench.pause(pauseMs)
        const isServer = chance(bench.random, 0.4)
        const disk = isServer ? serverDisk : pick(bench.random, agentDisks)
        disk.fill()
        counts[isServer ? 'serverFull' : 'agentFull'] += 1
        await bench.pause(spellMs)
        // A process that is started on a full disk finds no room from its first write on.
        const victim = isServer ? town.server : town.cabinets[agentDisks.indexOf(disk)]?.agent
        if (chance(bench.random, 0.2) && (await victim?.kill()) === true) {
          counts.kills += 1
          await bench.pause(spellMs)
        }
        disk.empty()
      }
    }
    await bench.round(`${until} full disks`, trouble)
  }
  const ownEnds = town.cabinets.reduce((sum, { agent }) => sum + agent.ownEnds.length, town.server.ownEnds.length)
  return await bench.close({ ...counts, ownEnds })
}
