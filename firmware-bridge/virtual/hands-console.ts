import type { CabinetItem, VirtualCabinet } from './virtual-cabinet.ts'
import type { VirtualFault } from './virtual-fault.ts'

/** Hands by the line: what a person at the terminal does to a virtual cabinet. */

export const handsHelp = `Commands, one a line on standard input; each is answered with one JSON object:

  open | close              pull the door open (refused while locked), push it shut
  key                       draw the bolt with the emergency key
  take L01 [ITEM]           take a piece from a lane: the one named, or the one in front
  put L01 GRAMS [ITEM]      put a piece of so many grams into a lane
  rest L01 GRAMS | lift L01 rest a hand on a lane (negative: lift at it), let go
  scan TEXT                 hold a code before the reader (needs --scanner)
  temperature C             set the cabinet's temperature
  state                     the truth: door, lock, lanes with their pieces and what the scales show
  fault KIND [...]          lock-jammed | board-silent BOARD | board-slow BOARD MS | echo
                            | bit-flips P | junk P | unplugged | cut-mid-frame | drift L01 G_PER_MIN
                            | unstable L01 SD_G | overload L01 | underload L01
                            (BOARD: lock, thermometer, door-input or a lane; P: a probability)
  clear [KIND]              end the faults of that kind, or all
  quit                      end
`

/** `kind: 'quit'` ends the console; everything else is printed as it is. */
export type HandsAnswer = { kind: 'quit' } | { kind: 'answer'; answer: object }

/** Carries out one line on a cabinet whose boards hang on the line `lineName`. Never throws on what a person types. */
export function obeyHands(text: string, cabinet: VirtualCabinet, lineName: string): HandsAnswer {
  const [command = '', ...args] = text.trim().split(/\s+/)
  if (command === 'quit') return { kind: 'quit' }
  try {
    // A code may hold spaces anywhere: everything behind the word is the code.
    const given = command === 'scan' ? [text.trimStart().slice('scan '.length)] : args
    return { kind: 'answer', answer: obey(command, given, cabinet, lineName) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { kind: 'answer', answer: refused(error.message) }
  }
}

function obey(command: string, args: readonly string[], cabinet: VirtualCabinet, lineName: string): object {
  const [first = '', second, third] = args
  switch (command) {
    case 'open':
      return cabinet.openDoor() ? { door: 'open' } : refused('the lock holds the door')
    case 'close':
      cabinet.closeDoor()
      return { door: 'closed' }
    case 'key':
      cabinet.turnKey()
      return { locked: cabinet.isLocked }
    case 'take': {
      const result = cabinet.take(first, second)
      return result.kind === 'done' ? { taken: result.item } : refused(result.why)
    }
    case 'put': {
      const item: CabinetItem = { itemId: third ?? `put-${itemCount(cabinet) + 1}`, massMg: grams(second) * 1000 }
      const result = cabinet.put(first, item)
      return result.kind === 'done' ? { put: item } : refused(result.why)
    }
    case 'rest':
      return cabinet.handOn(first, grams(second)) ? { resting: first } : refused('the door is closed')
    case 'lift':
      cabinet.handOff(first)
      return { lifted: first }
    case 'scan':
      if (!cabinet.scan(first)) return refused('the cabinet has no code reader')
      return { scanned: first.length }
    case 'temperature':
      cabinet.climate.temperatureDeciC = Math.round(grams(first) * 10)
      return { temperatureC: cabinet.climate.temperatureDeciC / 10 }
    case 'state':
      return stateOf(cabinet)
    case 'fault': {
      const fault = parseFault(args, lineName)
      cabinet.setFault(fault)
      return { fault }
    }
    case 'clear':
      cabinet.clearFaults(first === '' ? undefined : kindOf(first))
      return { faults: cabinet.faults }
    default:
      return refused(`unknown command ${command}: see --help`)
  }
}

function stateOf(cabinet: VirtualCabinet): object {
  return {
    door: cabinet.isDoorOpen ? 'open' : 'closed',
    locked: cabinet.isLocked,
    openLocks: cabinet.openLocks,
    faults: cabinet.faults,
    ...(cabinet.scannerDisplay === undefined ? {} : { scannerDisplay: cabinet.scannerDisplay }),
    lanes: cabinet.view(),
  }
}

function parseFault([name = '', first, second]: readonly string[], line: string): VirtualFault {
  const kind = kindOf(name)
  switch (kind) {
    case 'lock-jammed':
      return { kind }
    case 'echo':
    case 'unplugged':
    case 'cut-mid-frame':
      return { kind, line }
    case 'bit-flips':
    case 'junk':
      return { kind, line, probability: grams(first) }
    case 'board-silent':
      return { kind, board: word(first) }
    case 'board-slow':
      return { kind, board: word(first), delayMs: grams(second) }
    case 'drift':
      return { kind, laneId: word(first), gPerMin: grams(second) }
    case 'unstable':
      return { kind, laneId: word(first), sdG: grams(second) }
    case 'out-of-range':
      return { kind, laneId: word(first), fault: name === 'underload' ? 'underload' : 'overload' }
  }
}

const kinds: Readonly<Record<string, VirtualFault['kind']>> = {
  'lock-jammed': 'lock-jammed',
  'board-silent': 'board-silent',
  'board-slow': 'board-slow',
  echo: 'echo',
  'bit-flips': 'bit-flips',
  junk: 'junk',
  unplugged: 'unplugged',
  'cut-mid-frame': 'cut-mid-frame',
  drift: 'drift',
  unstable: 'unstable',
  overload: 'out-of-range',
  underload: 'out-of-range',
}

function kindOf(name: string): VirtualFault['kind'] {
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (kind === undefined) throw new RangeError(`no fault is called ${name}`)
  return kind
}

function grams(text: string | undefined): number {
  const value = Number(text)
  if (text === undefined || text === '' || !Number.isFinite(value)) throw new RangeError('a number is missing')
  return value
}

function word(text: string | undefined): string {
  if (text === undefined) throw new RangeError('a name is missing')
  return text
}

function itemCount(cabinet: VirtualCabinet): number {
  return cabinet.view().reduce((sum, { items }) => sum + items.length, 0)
}

function refused(why: string): object {
  return { refused: why }
}
