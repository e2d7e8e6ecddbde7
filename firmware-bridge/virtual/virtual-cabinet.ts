import type { Random } from '#shared/ids/random.ts'
import type { Clock } from '#shared/time/clock.ts'
import type { InstallationProfile } from '../profile/installation-profile.ts'
import type { Transport } from '../transports/transport.ts'
import { createLoadCellBank, drawHandContact, type LoadCellBank } from './load-cell.ts'
import { loadCellProfiles, type LoadCellKind } from './load-cell-profiles.ts'
import { createVirtualLockBoard } from './lock-boards.ts'
import { LockMechanism } from './lock-mechanism.ts'
import { createVirtualScale } from './scale-boards.ts'
import { createVirtualInputModule, createVirtualThermometer, type Climate } from './sensor-boards.ts'
import { Transmitter, type DisplayedMass } from './transmitter.ts'
import type { VirtualBoard } from './virtual-board.ts'
import type { BoardName, VirtualFault } from './virtual-fault.ts'
import { VirtualLine } from './virtual-line.ts'
import { createVirtualScanner, type VirtualScanner } from './virtual-scanner.ts'

/**
 * A cabinet as a thing in the world: a door, goods on lanes, hands, and boards that report on them over lines. Nothing
 * but this object knows the truth; agents see bytes.
 */

/** One piece, with its own true mass. What else a caller wants to know of it comes with its own type. */
export interface CabinetItem {
  readonly itemId: string
  readonly massMg: number
}

export interface VirtualCabinetOptions<Item extends CabinetItem> {
  /** Which boards there are and how they speak; `ports` give the lines' names, their URLs are not looked at. */
  installation: InstallationProfile
  cells: LoadCellKind
  clock: Clock
  random: Random
  /** What lies on the lanes at first, by lane id. */
  items?: Readonly<Record<string, readonly Item[]>>
  /** Range of each scale, g; default 30,000. */
  capacityG?: number
  climate?: Climate
  /** Lines take the wire's own time at their port's baud rate. Default false: bytes take no time. */
  isPaced?: boolean
}

interface VirtualLane<Item> {
  laneId: string
  index: number
  items: Item[]
  transmitter: Transmitter
}

/** How a hand's try ended: the item it moved, or why it could not. */
export type HandResult<Item> = { kind: 'done'; item: Item } | { kind: 'refused'; why: string }

export interface LaneView<Item> {
  laneId: string
  items: readonly Item[]
  /** What the transmitter shows now; absent while the frame is lost. */
  displayed: DisplayedMass | undefined
}

export class VirtualCabinet<Item extends CabinetItem = CabinetItem> {
  readonly installation: InstallationProfile
  readonly climate: Climate
  private readonly clock: Clock
  private readonly random: Random
  private readonly bank: LoadCellBank
  private readonly lanes: Map<string, VirtualLane<Item>>
  private readonly mechanisms: readonly LockMechanism[]
  private readonly boards = new Map<BoardName, VirtualBoard>()
  private readonly lines = new Map<string, VirtualLine>()
  private readonly active: VirtualFault[] = []
  private scanner: VirtualScanner | undefined

  constructor(options: VirtualCabinetOptions<Item>) {
    const { installation, clock, random } = options
    this.installation = installation
    this.clock = clock
    this.random = random
    this.climate = options.climate ?? { temperatureDeciC: 45, humidityDeciPercent: 620 }
    this.mechanisms = Array.from({ length: installation.lock.board.lockCount }, () => new LockMechanism(clock))
    const startMs = clock.monotonicMs()
    const lanes = installation.scales.length
    this.bank = createLoadCellBank({ profile: loadCellProfiles[options.cells], random, startMs, lanes })
    this.lanes = new Map(
      installation.scales.map(({ laneId }, index) => {
        const cell = this.cellAt(index)
        const transmitter = new Transmitter(cell, clock, random, options.capacityG ?? 30_000)
        return [laneId, { laneId, index, items: [...(options.items?.[laneId] ?? [])], transmitter }]
      }),
    )
    for (const lane of this.lanes.values()) this.cellAt(lane.index).setTrueLoad(massOf(lane.items), startMs)
    this.buildLines(options.isPaced ?? false)
  }

  /** The near end of a line, for `openCabinetHardware`'s `openVirtual`. Throws RangeError when there is none. */
  readonly openVirtual = (name: string): Transport => this.line(name).transport

  /** The line of a port named in the installation profile. */
  line(name: string): VirtualLine {
    const line = this.lines.get(name)
    if (line === undefined) throw new RangeError(`the cabinet has no line ${name}`)
    return line
  }

  get isDoorOpen(): boolean {
    return this.doorLock.isDoorOpen
  }

  get isLocked(): boolean {
    return this.doorLock.isLocked
  }

  /** Numbers of the locks whose bolts are drawn, 1-based: what an off-by-one would betray. */
  get openLocks(): readonly number[] {
    return this.mechanisms.flatMap((mechanism, index) => (mechanism.isLocked ? [] : [index + 1]))
  }

  /** How often any lock’s coil was fired: an unlock sent twice shows here. */
  get unlockPulses(): number {
    return this.mechanisms.reduce((sum, { pulseCount }) => sum + pulseCount, 0)
  }

  /** Holds a code before the reader at the door. False when there is none. */
  scan(code: string): boolean {
    this.scanner?.scan(code)
    return this.scanner !== undefined
  }

  /** What the reader's display shows. */
  get scannerDisplay(): string | undefined {
    return this.scanner?.display
  }

  /** The emergency key: draws the bolt without any board knowing, jammed or not. */
  turnKey(): void {
    this.doorLock.drawByKey()
  }

  /** A hand pulls at the door. False when the lock holds it. */
  openDoor(): boolean {
    const wasOpen = this.isDoorOpen
    if (!this.doorLock.openDoor()) return false
    if (!wasOpen) this.moveDoor(true)
    return true
  }

  closeDoor(): void {
    if (!this.isDoorOpen) return
    this.doorLock.closeDoor()
    this.moveDoor(false)
  }

  /** Takes the named piece, or the one in front (put there last). */
  take(laneId: string, itemId?: string): HandResult<Item> {
    const lane = this.reach(laneId)
    if (typeof lane === 'string') return { kind: 'refused', why: lane }
    const index = itemId === undefined ? lane.items.length - 1 : lane.items.findIndex((item) => item.itemId === itemId)
    const [item] = index < 0 ? [] : lane.items.splice(index, 1)
    if (item === undefined) return { kind: 'refused', why: `lane ${laneId} holds no such piece` }
    this.touch(lane)
    return { kind: 'done', item }
  }

  /** Puts a piece in front of a lane; whether it belongs there is nobody's business here. */
  put(laneId: string, item: Item): HandResult<Item> {
    const lane = this.reach(laneId)
    if (typeof lane === 'string') return { kind: 'refused', why: lane }
    lane.items.push(item)
    this.touch(lane)
    return { kind: 'done', item }
  }

  /** A hand rests on a lane (positive) or lifts at it (negative) until `handOff`. False when the door is closed. */
  handOn(laneId: string, forceG: number): boolean {
    const lane = this.reach(laneId)
    if (typeof lane === 'string') return false
    lane.transmitter.catchUp()
    this.cellAt(lane.index).applyHand({ forceG, fromMs: this.clock.monotonicMs(), toMs: Infinity })
    return true
  }

  handOff(laneId: string): void {
    const lane = this.laneOf(laneId)
    lane.transmitter.catchUp()
    this.cellAt(lane.index).releaseHands(this.clock.monotonicMs())
  }

  view(): LaneView<Item>[] {
    return [...this.lanes.values()].map(({ laneId, items, transmitter }) => ({
      laneId,
      items: [...items],
      displayed: transmitter.display(),
    }))
  }

  get faults(): readonly VirtualFault[] {
    return this.active
  }

  setFault(fault: VirtualFault): void {
    this.active.push(fault)
    this.apply(fault, true)
  }

  /** Ends the faults of this kind, or all. */
  clearFaults(kind?: VirtualFault['kind']): void {
    const ended = this.active.filter((fault) => kind === undefined || fault.kind === kind)
    for (const fault of ended) {
      this.active.splice(this.active.indexOf(fault), 1)
      this.apply(fault, false)
    }
  }

  /** Ends everything that is still under way on the lines. */
  stop(): void {
    for (const line of this.lines.values()) line.stop()
  }

  private get doorLock(): LockMechanism {
    const mechanism = this.mechanisms[this.installation.lock.doorLock - 1]
    if (mechanism === undefined) throw new RangeError('the door’s lock is not on the board')
    return mechanism
  }

  private buildLines(isPaced: boolean): void {
    const { installation, clock, random } = this
    const boardsOf = new Map<string, VirtualBoard[]>(Object.keys(installation.ports).map((port) => [port, []]))
    const place = (name: BoardName, port: string, board: VirtualBoard) => {
      this.boards.set(name, board)
      boardsOf.get(port)?.push(board)
    }
    const { lock, thermometer, doorInput, scanner } = installation
    place('lock', lock.port, createVirtualLockBoard(lock.board, this.mechanisms, clock))
    for (const { laneId, port, board } of installation.scales) {
      place(laneId, port, createVirtualScale(board, this.laneOf(laneId).transmitter, clock))
    }
    if (thermometer !== undefined) {
      const board = createVirtualThermometer(thermometer.board, this.climate, clock)
      place('thermometer', thermometer.port, board)
    }
    if (doorInput !== undefined) {
      const board = createVirtualInputModule(doorInput.board, () => this.isDoorOpen, clock)
      place('door-input', doorInput.port, board)
    }
    if (scanner !== undefined) {
      this.scanner = createVirtualScanner()
      place('scanner', scanner.port, this.scanner)
    }
    for (const [name, settings] of Object.entries(installation.ports)) {
      const paced = isPaced ? { pacedBaudRate: settings.baudRate } : {}
      this.lines.set(name, new VirtualLine({ name, clock, random, boards: boardsOf.get(name) ?? [], ...paced }))
    }
  }

  private reach(laneId: string): VirtualLane<Item> | string {
    return this.isDoorOpen ? this.laneOf(laneId) : 'the door is closed'
  }

  private laneOf(laneId: string): VirtualLane<Item> {
    const lane = this.lanes.get(laneId)
    if (lane === undefined) throw new RangeError(`the cabinet has no lane ${laneId}`)
    return lane
  }

  private cellAt(index: number): LoadCellBank['cells'][number] {
    const cell = this.bank.cells[index]
    if (cell === undefined) throw new RangeError(`the cabinet has no load cell ${index}`)
    return cell
  }

  /** A hand moves something on a lane: it presses for a moment while the load changes. */
  private touch(lane: VirtualLane<Item>): void {
    for (const { transmitter } of this.lanes.values()) transmitter.catchUp()
    const nowMs = this.clock.monotonicMs()
    const cell = this.cellAt(lane.index)
    cell.applyHand(drawHandContact(this.random, nowMs))
    cell.setTrueLoad(massOf(lane.items), nowMs)
  }

  private moveDoor(isOpen: boolean): void {
    for (const { transmitter } of this.lanes.values()) transmitter.catchUp()
    this.bank.setDoor(isOpen, this.clock.monotonicMs())
  }

  private apply(fault: VirtualFault, isOn: boolean): void {
    switch (fault.kind) {
      case 'lock-jammed':
        this.doorLock.isJammed = isOn
        return
      case 'board-silent':
        this.board(fault.board).fault.isSilent = isOn
        return
      case 'board-slow':
        this.board(fault.board).fault.extraDelayMs = isOn ? fault.delayMs : 0
        return
      case 'echo':
        this.line(fault.line).fault.isEchoing = isOn
        return
      case 'bit-flips':
        this.line(fault.line).fault.bitFlipProbability = isOn ? fault.probability : 0
        return
      case 'junk':
        this.line(fault.line).fault.junkProbability = isOn ? fault.probability : 0
        return
      case 'unplugged':
        if (isOn) this.line(fault.line).unplug()
        else this.line(fault.line).plugIn()
        return
      case 'cut-mid-frame':
        this.line(fault.line).fault.isCutMidFrame = isOn
        if (!isOn) this.line(fault.line).plugIn()
        return
      case 'drift':
        this.laneOf(fault.laneId).transmitter.setDrift(isOn ? fault.gPerMin : 0)
        return
      case 'unstable':
        this.laneOf(fault.laneId).transmitter.fault.unstableSdG = isOn ? fault.sdG : 0
        return
      case 'out-of-range':
        this.laneOf(fault.laneId).transmitter.fault.rangeFault = isOn ? fault.fault : undefined
        return
    }
  }

  private board(name: BoardName): VirtualBoard {
    const board = this.boards.get(name)
    if (board === undefined) throw new RangeError(`the cabinet has no board ${name}`)
    return board
  }
}

function massOf(items: readonly CabinetItem[]): number {
  return items.reduce((sumMg, { massMg }) => sumMg + massMg, 0)
}
