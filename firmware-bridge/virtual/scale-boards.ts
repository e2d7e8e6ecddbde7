import type { Clock } from '#shared/time/clock.ts'
import { gramsToMg } from '#shared/units/mass.ts'
import { sbtRegisters, sbtStatus } from '../drivers/scale-sbt.ts'
import type { ScaleSettings } from '../profile/installation-profile.ts'
import { encodeSicsLine, formatSicsWeight, sicsLineFormat } from '../protocols/mt-sics.ts'
import { createModbusBoard, illegalAddress, illegalFunction, type MapResult } from './modbus-board.ts'
import type { DisplayedMass, Transmitter } from './transmitter.ts'
import { createVirtualBoard, type BoardReply, type VirtualBoard } from './virtual-board.ts'

/** Virtual scales: a transmitter behind each of the protocols that scales here speak. */

const replyDelayMs = 1

export function createVirtualScale(settings: ScaleSettings, transmitter: Transmitter, clock: Clock): VirtualBoard {
  switch (settings.driver) {
    case 'scale-sbt':
      return createSbtBoard(settings, transmitter, clock)
    case 'scale-dini-dgt':
      return createDiniBoard(settings, transmitter, clock)
    case 'scale-mt-sics':
      return createSicsBoard(transmitter, clock)
  }
}

function createSbtBoard(
  { address: unit, unit: massUnit }: Extract<ScaleSettings, { driver: 'scale-sbt' }>,
  transmitter: Transmitter,
  clock: Clock,
): VirtualBoard {
  // A kilogram display of the same digits has three decimals more.
  const decimals = transmitter.decimals + (massUnit === 'kg' ? 3 : 0)
  const counts = (massG: number) => Math.round(massG * 10 ** transmitter.decimals)
  const settable = new Map<number, number>([
    [sbtRegisters.configLock, 0],
    [4, replyDelayMs],
    [88, 1],
    [96, 0],
    [97, 0],
    [98, 2],
    [99, 10],
    [104, massUnit === 'kg' ? 2 : 1],
  ])

  const readDisplayed = (address: number): MapResult<number> => {
    const displayed = transmitter.display()
    if (displayed === undefined) return { kind: 'silent' }
    const { status, gross, net, tare } = sbtRegisters
    if (address === status) return ok(statusWord(displayed, decimals))
    if (address === gross || address === gross + 1) return ok(wordOf(counts(displayed.grossG), address - gross))
    if (address === net || address === net + 1) return ok(wordOf(counts(displayed.netG), address - net))
    if (address === tare || address === tare + 1) {
      return ok(wordOf(counts(displayed.grossG - displayed.netG), address - tare))
    }
    return illegalAddress
  }

  return createModbusBoard(clock, {
    unit,
    replyDelayMs,
    map: {
      read(request, address) {
        if (request.function !== 3) return illegalFunction
        const value = settable.get(address)
        if (value !== undefined) return ok(value)
        if (address === 86 || address === 87) return ok(wordOf(counts(transmitter.capacityG), address - 86))
        return readDisplayed(address)
      },
      write(address, values) {
        const [first = 0, second] = values
        if (address === sbtRegisters.zero && values.length === 1 && first === 1) return done(() => transmitter.zero())
        if (address === sbtRegisters.tare && second !== undefined && values.length === 2) {
          const preset = (first << 16) | second
          return done(() => transmitter.tare(preset === 0x7fffffff ? undefined : preset / 10 ** transmitter.decimals))
        }
        if (!settable.has(address) || values.length !== 1) return illegalAddress
        return done(() => settable.set(address, first))
      },
    },
  })
}

function statusWord({ grossG, isStable, rangeFault }: DisplayedMass, decimals: number): number {
  const isNegative = grossG < 0 || rangeFault === 'underload'
  return (
    decimals |
    (isNegative ? sbtStatus.negative : 0) |
    (isStable ? 0 : sbtStatus.unstable) |
    (rangeFault === undefined ? 0 : sbtStatus.overflow) |
    (grossG === 0 ? sbtStatus.zero : 0) |
    (rangeFault === 'overload' ? sbtStatus.overload : 0)
  )
}

function createDiniBoard(
  { address: unit, decimals, unit: massUnit }: Extract<ScaleSettings, { driver: 'scale-dini-dgt' }>,
  transmitter: Transmitter,
  clock: Clock,
): VirtualBoard {
  const counts = (massG: number) => Math.round((massG / (massUnit === 'kg' ? 1000 : 1)) * 10 ** decimals)
  return createModbusBoard(clock, {
    unit,
    replyDelayMs,
    map: {
      read(request, address) {
        if (request.function !== 4) return illegalFunction
        const displayed = transmitter.display()
        if (displayed === undefined) return { kind: 'silent' }
        if (address < 2) return ok(wordOf(Math.abs(counts(displayed.grossG)), address))
        if (address < 4) return ok(wordOf(Math.abs(counts(displayed.netG)), address - 2))
        if (address > 4) return illegalAddress
        const flags = [
          displayed.netG < 0,
          displayed.grossG < 0,
          displayed.isStable,
          displayed.rangeFault === 'underload',
          displayed.rangeFault === 'overload',
          displayed.grossG !== displayed.netG,
          false,
          displayed.grossG === 0,
        ]
        return ok(flags.reduce((word, flag, bit) => word | (flag ? 1 << bit : 0), 0))
      },
      write(address, [command]) {
        if (address !== 0) return illegalAddress
        if (command === 1) return done(() => transmitter.zero())
        return command === 2 ? done(() => transmitter.tare()) : { kind: 'exception', code: 3 }
      },
    },
  })
}

function createSicsBoard(transmitter: Transmitter, clock: Clock): VirtualBoard {
  const weight = (displayed: DisplayedMass) =>
    formatSicsWeight(displayed.isStable, gramsToMg(displayed.netG), Math.max(2, transmitter.decimals))
  const answers: Readonly<Record<string, (displayed: DisplayedMass) => string>> = {
    SI: (displayed) => rangeLine('S', displayed) ?? weight(displayed),
    // "S" would wait for rest; asked while moving, this balance says that it cannot.
    S: (displayed) => rangeLine('S', displayed) ?? (displayed.isStable ? weight(displayed) : 'S I'),
    Z(displayed) {
      if (!displayed.isStable) return 'Z I'
      transmitter.zero()
      return rangeLine('Z', displayed) ?? 'Z A'
    },
    T(displayed) {
      if (!displayed.isStable) return 'T I'
      transmitter.tare()
      return `T S ${formatSicsWeight(true, gramsToMg(displayed.grossG), 2).slice(4)}`
    },
    '@': () => 'I4 A "1234567"',
    I4: () => 'I4 A "1234567"',
  }
  return createVirtualBoard<string>(clock, {
    format: sicsLineFormat,
    obey(command): BoardReply | undefined {
      const displayed = transmitter.display()
      if (displayed === undefined) return undefined
      const answer = answers[command]
      return { bytes: encodeSicsLine(answer === undefined ? 'ES' : answer(displayed)), delayMs: replyDelayMs }
    },
  })
}

function rangeLine(command: string, { rangeFault }: DisplayedMass): string | undefined {
  return rangeFault === undefined ? undefined : `${command} ${rangeFault === 'overload' ? '+' : '-'}`
}

function ok(value: number): MapResult<number> {
  return { kind: 'ok', value: value & 0xffff }
}

function done(act: () => unknown): MapResult<void> {
  act()
  return { kind: 'ok', value: undefined }
}

/** High word first: `index` 0 is the high one. */
function wordOf(value: number, index: number): number {
  return index === 0 ? (value >> 16) & 0xffff : value & 0xffff
}
