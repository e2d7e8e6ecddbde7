import type { Clock } from '#shared/time/clock.ts'
import { delay } from '#shared/time/clock.ts'
import type { Bus } from '../bus/bus.ts'
import type { DeviceLine, ExchangeOptions } from '../bus/exchange.ts'
import { DeviceError } from '../ports/device-error.ts'
import type { LockBoard, LockState, UnlockOptions, UnlockOutcome } from '../ports/devices.ts'
import type { LockSettings } from '../profile/installation-profile.ts'
import { create8aDialect } from './lock-8a.ts'
import { createCu16Dialect, createCu48Dialect } from './lock-kerong.ts'
import type { LockDialect } from './lock-dialect.ts'
import { createWklyDialect } from './lock-wkly.ts'

/**
 * Lock boards of any family: unlock is send, then verify by polling. Only a state that the board reports when asked
 * proves anything; acknowledgements and echoes never do. An unlock is sent once, whatever happens.
 * Source: hardware.md, rules.
 */

export function createLockBoard(
  settings: LockSettings,
  bus: Bus,
  { device, clock }: { device: string; clock: Clock },
): LockBoard {
  const dialect = dialectOf(settings)
  const line = bus.addDevice(device, () => dialect.queryWhetherBack?.() ?? dialect.queryOne(1))
  return {
    lockCount: settings.lockCount,
    async unlock(lock, options) {
      if (!Number.isInteger(lock) || lock < 1 || lock > settings.lockCount) {
        throw new DeviceError('UNSUPPORTED', `${device} has locks 1…${settings.lockCount}, not ${lock}`)
      }
      const sentAtMs = await sendUnlock(line, dialect.encodeUnlock(lock), options, clock)
      return verify({ settings, dialect, line, clock }, lock, sentAtMs)
    },
    readStates: () => dialect.readAll(line),
  }
}

function dialectOf(settings: LockSettings): LockDialect {
  switch (settings.driver) {
    case 'lock-8a':
      return create8aDialect(settings)
    case 'lock-cu48':
      return createCu48Dialect(settings)
    case 'lock-cu16':
      return createCu16Dialect(settings)
    case 'lock-wkly':
      return createWklyDialect(settings)
  }
}

/** Resolves with the instant it left; rejects when it surely did not. */
async function sendUnlock(line: DeviceLine, bytes: Uint8Array, options: UnlockOptions, clock: Clock): Promise<number> {
  try {
    await line.send({ priority: 'unlock', bytes, deadlineMonotonicMs: options.deadlineMonotonicMs })
  } catch (error) {
    const mayHaveLeft =
      error instanceof DeviceError && (error.code === 'OUTCOME_UNKNOWN' || error.code === 'WRITE_FAILED')
    if (!mayHaveLeft) throw error
    // Whatever part of it is still in a buffer must not leave later.
    line.resetConnection('an unlock may be stuck in it')
  }
  return clock.monotonicMs()
}

interface Verification {
  settings: LockSettings
  dialect: LockDialect
  line: DeviceLine
  clock: Clock
}

async function verify(
  { settings, dialect, line, clock }: Verification,
  lock: number,
  sentAtMs: number,
): Promise<UnlockOutcome> {
  let confirmations = 0
  let hasAnswered = false
  await delay(clock, settings.judgeAfterMs, line.signal)
  for (;;) {
    const askedAtMs = clock.monotonicMs()
    let state = await readForVerdict(line, dialect.queryOne(lock))
    hasAnswered ||= state !== undefined
    if (!hasAnswered && dialect.queryOtherwise !== undefined) {
      state = await readForVerdict(line, dialect.queryOtherwise(lock))
    }
    confirmations = state === 'open' ? confirmations + 1 : 0
    if (confirmations >= dialect.confirmations) return 'OPENED'
    if (askedAtMs - sentAtMs >= settings.openWindowMs) {
      if (state === 'closed') return 'NOT_OPENED'
      // The board said nothing, so the command may still be on its way to it: let it get no further.
      line.resetConnection('an unlock may be stuck in it')
      return 'UNKNOWN'
    }
    await delay(clock, settings.pollIntervalMs, line.signal)
  }
}

/** One look; undefined when there was nothing to see. */
async function readForVerdict(line: DeviceLine, query: ExchangeOptions<LockState>): Promise<LockState | undefined> {
  try {
    return await line.exchange({ ...query, retries: 0, isSentOffline: true })
  } catch (error) {
    if (error instanceof DeviceError && error.code !== 'CANCELLED') return undefined
    throw error
  }
}
