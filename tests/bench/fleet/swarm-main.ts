// A process of simulated cabinets, told what to do by a bench.
import { createPrivateKey } from 'node:crypto'
import { nextUnit, seededRandom } from '#shared/ids/random.ts'
import { delay, type CancelTimer } from '#shared/time/clock.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { SwarmCabinet } from './swarm-cabinet.ts'
import type { SwarmOrder, SwarmReport, SwarmStart } from './swarm-messages.ts'

const clock = systemClock
const random = seededRandom(2020)
/** First connections at the same time; as a fleet's random pauses would spread them. */
const connectingAtOnce = 50
const beatEveryMs = 30_000
/** How long a cabinet that lost its connection stays away. */
const awayMs = { least: 300, most: 2_500 }
const retryMs = 500

const tally = { sent: new Map<string, number>(), acknowledged: new Map<string, number>() }
const timers = new Set<CancelTimer>()
let cabinets: SwarmCabinet[] = []
let isTalking = false
let isBreaking = false
let reconnects = 0
/** Connections that ended though nobody broke them. */
let lost = 0
let underWay = 0

function report(message: SwarmReport): void {
  process.send?.(message)
}

function later(ms: number, work: () => void): void {
  const cancel = clock.setTimer(ms, () => {
    timers.delete(cancel)
    work()
  })
  timers.add(cancel)
}

function onLost(cabinet: SwarmCabinet): void {
  lost += 1
  void comeBack(cabinet)
}

async function start(order: SwarmStart): Promise<void> {
  const startedMs = clock.monotonicMs()
  const { host, port } = order
  cabinets = order.cabinets.map(
    ({ key, ...one }) => new SwarmCabinet({ ...one, key: createPrivateKey(key), host, port, tally, onLost }),
  )
  const waiting = cabinets.filter(({ habit }) => habit !== 'absent')
  const count = waiting.length
  await Promise.all(
    Array.from({ length: connectingAtOnce }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next.connect()
    }),
  )
  report({ kind: 'connected', count, tookMs: clock.monotonicMs() - startedMs })
}

/** Every cabinet at its own moment of each period. */
function talk(everyMs: number): void {
  isTalking = true
  const repeat = (periodMs: number, say: () => Promise<void>) => {
    const again = () => {
      if (!isTalking) return
      underWay += 1
      void say().finally(() => (underWay -= 1))
      later(periodMs, again)
    }
    later(nextUnit(random) * periodMs, again)
  }
  for (const cabinet of cabinets) {
    if (cabinet.habit === 'absent') continue
    repeat(everyMs, () => cabinet.report())
    repeat(everyMs, () => cabinet.telemeter())
    repeat(beatEveryMs, () => cabinet.beat())
  }
}

async function stopTalking(): Promise<void> {
  isTalking = false
  while (underWay > 0) await delay(clock, 50)
  report({ kind: 'quiet' })
}

async function comeBack(cabinet: SwarmCabinet): Promise<void> {
  for (;;) {
    try {
      await cabinet.connect()
      reconnects += 1
      return
    } catch {
      await delay(clock, retryMs)
    }
  }
}

async function breakAgainAndAgain(cabinet: SwarmCabinet, meanUpMs: number): Promise<void> {
  while (isBreaking) {
    await delay(clock, -Math.log(1 - nextUnit(random)) * meanUpMs)
    cabinet.hangUp()
    await delay(clock, awayMs.least + nextUnit(random) * (awayMs.most - awayMs.least))
    await comeBack(cabinet)
  }
}

function obey(order: SwarmOrder): void {
  const fail = (error: unknown) => report({ kind: 'failed', why: String(error) })
  switch (order.do) {
    case 'start':
      start(order).catch(fail)
      return
    case 'talk':
      return talk(order.everyMs)
    case 'stop-talking':
      stopTalking().catch(fail)
      return
    case 'break':
      isBreaking = true
      for (const cabinet of cabinets)
        if (cabinet.habit !== 'absent') breakAgainAndAgain(cabinet, order.meanUpMs).catch(fail)
      return
    case 'stop-breaking':
      isBreaking = false
      return
    case 'count':
      return report({
        kind: 'count',
        cabinets: cabinets.map((cabinet) => cabinet.count),
        sent: Object.fromEntries(tally.sent),
        acknowledged: Object.fromEntries(tally.acknowledged),
        reconnects,
        lost,
      })
  }
}

process.on('message', obey)
// The benchmark ended, however it did.
process.on('disconnect', () => process.exit(0))
