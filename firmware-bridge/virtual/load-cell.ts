import { nextGaussian, nextUnit, type Random } from '#shared/ids/random.ts'
import {
  burstMs,
  compressorHalfCycleMs,
  creepTimeConstantMs,
  doorCoolingTimeConstantMs,
  doorWarmingK,
  doorWarmingTimeConstantMs,
  handContactMs,
  handForceG,
  type LoadCellProfile,
} from './load-cell-profiles.ts'

/**
 * Load cells as physics: what truly lies on a lane goes in, what a transmitter would show comes out. Pure and seeded:
 * the same profile, seed and calls give the same samples, and time is whatever the caller says it is, in ms and never
 * backwards. Source: weighing.md, "Load-cell model".
 */

/** One conversion. `massG` is null when the frame is lost: the line stays silent. */
export interface LoadSample {
  massG: number | null
}

/** A hand resting on (positive) or lifting at (negative) a lane from one instant to another; `toMs` may be Infinity. */
export interface HandContact {
  forceG: number
  fromMs: number
  toMs: number
}

export interface LoadCell {
  readonly profile: LoadCellProfile
  /** What lies on the lane from now on, true mass; causes ringing, creep, a burst and cross-talk. */
  setTrueLoad(massMg: number, atMs: number): void
  /** Adds a contact; contacts may overlap and may be added ahead of time. */
  applyHand(contact: HandContact): void
  /** Ends every contact that has not ended by then. */
  releaseHands(atMs: number): void
  /** A burst without a load change, as from a slammed door. */
  disturb(atMs: number): void
  /** Makes what is on the lane read zero from now on (the transmitter's zero command). */
  zero(atMs: number): void
  /** One conversion at this instant. */
  sample(atMs: number): LoadSample
  /** Time from one conversion to the next, ms, jitter included. */
  nextSampleDelayMs(): number
}

/** Lanes side by side in one cabinet: one door, one compressor, and neighbours that pull at each other. */
export interface LoadCellBank {
  readonly cells: readonly LoadCell[]
  setDoor(isOpen: boolean, atMs: number): void
}

export interface LoadCellOptions {
  profile: LoadCellProfile
  random: Random
  /** Instant at which the model begins, ms; default 0. */
  startMs?: number
}

export function createLoadCell(options: LoadCellOptions): LoadCell & { setDoor: LoadCellBank['setDoor'] } {
  const { profile, random, startMs = 0 } = options
  const surroundings = new Surroundings(random, startMs)
  const cell = new ModelledCell({ profile, random, startMs, surroundings, channels: 1 })
  return Object.assign(cell, {
    setDoor(isOpen: boolean, atMs: number) {
      cell.catchUp(atMs)
      surroundings.setDoor(isOpen, atMs)
      cell.disturb(atMs)
    },
  })
}

/** `lanes` is at least 1; neighbours are those next to each other in the list. */
export function createLoadCellBank(options: LoadCellOptions & { lanes: number }): LoadCellBank {
  const { profile, random, startMs = 0, lanes } = options
  const surroundings = new Surroundings(random, startMs)
  const cells = Array.from(
    { length: lanes },
    () => new ModelledCell({ profile, random, startMs, surroundings, channels: lanes }),
  )
  cells.forEach((cell, index) => {
    cell.neighbours = [cells[index - 1], cells[index + 1]].filter((other) => other !== undefined)
  })
  return {
    cells,
    setDoor(isOpen, atMs) {
      for (const cell of cells) cell.catchUp(atMs)
      surroundings.setDoor(isOpen, atMs)
      for (const cell of cells) cell.disturb(atMs)
    },
  }
}

/**
 * The hand that takes or puts a piece, as people press while they do: 0.3–3 s, 50–1,500 g. It never lifts: what it carries is the
 * piece, whose load changes by itself, and an empty hand has nothing to pull a lane up by.
 */
export function drawHandContact(random: Random, fromMs: number): HandContact {
  return { forceG: between(random, handForceG), fromMs, toMs: fromMs + between(random, handContactMs) }
}

function between(random: Random, [low, high]: readonly [number, number]): number {
  return low + (high - low) * nextUnit(random)
}

function clamp(value: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, value))
}

/** What all cells of a cabinet share: how warm the open door has made it, and whether the compressor runs. */
class Surroundings {
  private readonly random: Random
  private warmthK = 0
  private targetK = 0
  private isDoorOpen = false
  private warmthAtMs: number
  private isCompressorOn = false
  private nextToggleMs: number

  constructor(random: Random, startMs: number) {
    this.random = random
    this.warmthAtMs = startMs
    this.nextToggleMs = startMs + nextUnit(random) * compressorHalfCycleMs[1]
  }

  setDoor(isOpen: boolean, atMs: number): void {
    this.warmthAt(atMs)
    this.isDoorOpen = isOpen
    this.targetK = isOpen ? between(this.random, doorWarmingK) : 0
  }

  warmthAt(atMs: number): number {
    const timeConstantMs = this.isDoorOpen ? doorWarmingTimeConstantMs : doorCoolingTimeConstantMs
    const elapsedMs = Math.max(0, atMs - this.warmthAtMs)
    this.warmthK = this.targetK + (this.warmthK - this.targetK) * Math.exp(-elapsedMs / timeConstantMs)
    this.warmthAtMs = Math.max(this.warmthAtMs, atMs)
    return this.warmthK
  }

  compressorAt(atMs: number): 0 | 1 {
    while (this.nextToggleMs <= atMs) {
      this.isCompressorOn = !this.isCompressorOn
      this.nextToggleMs += between(this.random, compressorHalfCycleMs)
    }
    return this.isCompressorOn ? 1 : 0
  }
}

interface CellOptions {
  profile: LoadCellProfile
  random: Random
  startMs: number
  surroundings: Surroundings
  channels: number
}

class ModelledCell implements LoadCell {
  readonly profile: LoadCellProfile
  neighbours: ModelledCell[] = []
  private readonly random: Random
  private readonly surroundings: Surroundings
  private readonly signFlipProbability: number
  private readonly naturalRadPerS: number
  private readonly driftGPerK: number
  private readonly compressorG: number
  private atMs: number
  private loadG = 0
  /** Displacement from the static level, g, and its speed, g/s: the ringing's whole state. */
  private ringG = 0
  private ringGPerS = 0
  private creepG = 0
  private walkG = 0
  private crossTalkG = 0
  private residueG = 0
  private zeroG = 0
  private hands: Array<HandContact & { hasBegun: boolean }> = []
  private burst = { fromMs: 0, toMs: 0 }
  private shownG: number | undefined
  private stuckUntilMs = -Infinity
  private stuckG = 0
  private silentUntilMs = -Infinity
  private hasJustFlipped = false

  constructor({ profile, random, startMs, surroundings, channels }: CellOptions) {
    this.profile = profile
    this.random = random
    this.surroundings = surroundings
    this.atMs = startMs
    // "12 % of frames have one channel flipped": a frame is one pass over all channels.
    this.signFlipProbability = profile.signFlipProbability / channels
    this.naturalRadPerS = 2 * Math.PI * between(random, profile.ringingHz)
    this.driftGPerK = profile.zeroDriftGPerK * this.drawSign()
    this.compressorG = profile.compressorStepG * this.drawSign()
  }

  setTrueLoad(massMg: number, atMs: number): void {
    this.catchUp(atMs)
    const stepG = massMg / 1000 - this.loadG
    if (stepG === 0) return
    this.loadG += stepG
    this.ringG -= stepG
    this.residueG = 0
    this.disturb(atMs)
    for (const neighbour of this.neighbours) neighbour.pullBy(stepG)
  }

  applyHand(contact: HandContact): void {
    this.hands.push({ ...contact, hasBegun: false })
  }

  releaseHands(atMs: number): void {
    for (const hand of this.hands) hand.toMs = Math.min(hand.toMs, Math.max(atMs, hand.fromMs))
  }

  disturb(atMs: number): void {
    this.burst = { fromMs: atMs, toMs: atMs + between(this.random, burstMs) }
  }

  zero(atMs: number): void {
    this.catchUp(atMs)
    this.zeroG = this.staticG(atMs)
    this.shownG = undefined
  }

  nextSampleDelayMs(): number {
    const { sampleIntervalMs, sampleJitterMs } = this.profile
    return sampleIntervalMs + (2 * nextUnit(this.random) - 1) * sampleJitterMs
  }

  sample(atMs: number): LoadSample {
    this.catchUp(atMs)
    const movingG = this.ringG + this.handG(atMs) + this.burstG(atMs)
    const valueG = this.staticG(atMs) - this.zeroG + movingG + nextGaussian(this.random) * this.profile.whiteNoiseG
    return this.applyFaults(this.quantise(valueG), atMs)
  }

  /** Brings every state that evolves by itself to this instant, exactly, whatever the step. */
  catchUp(atMs: number): void {
    const elapsedMs = atMs - this.atMs
    if (elapsedMs <= 0) return
    const elapsedS = elapsedMs / 1000
    this.walkG += this.profile.randomWalkGPerRootS * Math.sqrt(elapsedS) * nextGaussian(this.random)
    const creepTargetG = (this.loadG * this.profile.creepRatio) / (1 - Math.exp(-1_800_000 / creepTimeConstantMs))
    this.creepG = creepTargetG + (this.creepG - creepTargetG) * Math.exp(-elapsedMs / creepTimeConstantMs)
    this.ring(elapsedS)
    this.startHands(atMs)
    this.endHands(atMs)
    this.atMs = atMs
  }

  private pullBy(stepG: number): void {
    const { crossTalkRatio, crossTalkLimitG } = this.profile
    this.crossTalkG = clamp(this.crossTalkG + clamp(stepG * crossTalkRatio, crossTalkLimitG), crossTalkLimitG)
  }

  /** What a filter of infinite patience would show. */
  private staticG(atMs: number): number {
    const driftG = this.driftGPerK * this.surroundings.warmthAt(atMs)
    const compressorG = this.compressorG * this.surroundings.compressorAt(atMs)
    return this.loadG + this.creepG + this.walkG + this.crossTalkG + this.residueG + driftG + compressorG
  }

  /** The damped oscillator z'' + 2ζωz' + ω²z = 0, solved exactly over the step. */
  private ring(elapsedS: number): void {
    if (this.ringG === 0 && this.ringGPerS === 0) return
    const omega = this.naturalRadPerS
    const decay = this.profile.dampingRatio * omega
    const damped = omega * Math.sqrt(1 - this.profile.dampingRatio ** 2)
    const envelope = Math.exp(-decay * elapsedS)
    if (envelope < 1e-9) {
      this.ringG = 0
      this.ringGPerS = 0
      return
    }
    const c = Math.cos(damped * elapsedS)
    const s = Math.sin(damped * elapsedS)
    const b = (this.ringGPerS + decay * this.ringG) / damped
    const ringG = envelope * (this.ringG * c + b * s)
    this.ringGPerS = envelope * ((b * damped - decay * this.ringG) * c - (this.ringG * damped + decay * b) * s)
    this.ringG = ringG
  }

  private startHands(atMs: number): void {
    for (const hand of this.hands) {
      if (hand.hasBegun || hand.fromMs > atMs) continue
      hand.hasBegun = true
      this.residueG = 0
      this.disturb(hand.fromMs)
    }
  }

  private endHands(atMs: number): void {
    const ended = this.hands.filter((hand) => hand.toMs <= atMs)
    if (ended.length === 0) return
    this.hands = this.hands.filter((hand) => hand.toMs > atMs)
    this.disturb(atMs)
    if (nextUnit(this.random) >= this.profile.handResidueProbability) return
    this.residueG = between(this.random, this.profile.handResidueG) * this.drawSign()
  }

  /** Hands come and go within 80 ms and tremble by a tenth. */
  private handG(atMs: number): number {
    let sumG = 0
    for (const { forceG, fromMs, toMs } of this.hands) {
      if (atMs < fromMs || atMs >= toMs) continue
      const edge = Math.min(1, (atMs - fromMs) / 80, (toMs - atMs) / 80)
      sumG += forceG * edge * (1 + 0.1 * nextGaussian(this.random))
    }
    return sumG
  }

  private burstG(atMs: number): number {
    const { fromMs, toMs } = this.burst
    if (atMs < fromMs || atMs >= toMs) return 0
    const { burstSdG, burstTailG, burstTailProbability } = this.profile
    // Loud at first, gone at the end; the outliers are as large at any time.
    const fade = (toMs - atMs) / (toMs - fromMs)
    if (nextUnit(this.random) < burstTailProbability) return burstTailG * (2 * nextUnit(this.random) - 1)
    return burstSdG * fade * nextGaussian(this.random)
  }

  private quantise(valueG: number): number {
    const { divisionG, hysteresisDivisions } = this.profile
    const isHeld =
      this.shownG !== undefined && Math.abs(valueG - this.shownG) <= divisionG * (0.5 + hysteresisDivisions)
    if (this.shownG === undefined || !isHeld || hysteresisDivisions === 0) {
      // Ten divisions to a gram at the finest: rounding in steps keeps 0.1 g values exact to the microgram.
      this.shownG = Math.round(Math.round(valueG / divisionG) * divisionG * 1e6) / 1e6
    }
    return this.shownG
  }

  private applyFaults(shownG: number, atMs: number): LoadSample {
    const { profile, random } = this
    if (atMs < this.silentUntilMs) return { massG: null }
    if (profile.gapProbability > 0 && nextUnit(random) < profile.gapProbability) {
      this.silentUntilMs = atMs + profile.gapMs
      return { massG: null }
    }
    if (profile.lostFrameProbability > 0 && nextUnit(random) < profile.lostFrameProbability) return { massG: null }
    return { massG: this.disturbValue(shownG, atMs) }
  }

  private disturbValue(shownG: number, atMs: number): number {
    const { profile, random } = this
    if (atMs < this.stuckUntilMs) return this.stuckG
    if (profile.stuckProbability > 0 && nextUnit(random) < profile.stuckProbability) {
      this.stuckUntilMs = atMs + between(random, profile.stuckMs)
      this.stuckG = shownG
      return shownG
    }
    // A flip lasts one frame: the next one is right again.
    const isFlipped =
      this.signFlipProbability > 0 && !this.hasJustFlipped && nextUnit(random) < this.signFlipProbability
    this.hasJustFlipped = isFlipped
    return isFlipped ? -shownG || 0 : shownG
  }

  private drawSign(): 1 | -1 {
    return nextUnit(this.random) < 0.5 ? 1 : -1
  }
}
