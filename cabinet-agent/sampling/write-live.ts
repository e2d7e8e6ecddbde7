import type { CartLine, LiveMessage } from '#shared/contracts/mqtt/live.ts'
import type { BillLine, LiveCart } from '../weighing/bill.ts'

/** The decoder's cart in the contract's words. */
export function writeLive(
  cart: LiveCart,
  session: Pick<LiveMessage, 'sessionId' | 'atMs' | 'stage'> & { isDoorOpenLong: boolean },
): LiveMessage {
  const { isDoorOpenLong, ...head } = session
  const moving = new Set(cart.unsettledLaneIds)
  return {
    ...head,
    cart: cart.lines.slice(0, 99).map((line) => toCartLine(line, moving.has(line.laneId))),
    totalFen: Math.max(0, cart.totalFen),
    notices: [
      ...(isDoorOpenLong ? [{ kind: 'door_open_long' as const }] : []),
      ...cart.misplacements.map(({ inLaneId, fromLaneId }) => ({
        kind: 'misplaced' as const,
        laneId: inLaneId,
        fromLaneId,
      })),
      ...cart.foreign.map(({ laneId }) => ({ kind: 'foreign' as const, laneId })),
    ].slice(0, 20),
  }
}

function toCartLine(line: BillLine, isSettling: boolean): CartLine {
  return {
    laneId: line.laneId,
    skuId: line.skuId,
    mode: line.mode,
    ...(line.count === undefined ? {} : { count: Math.max(0, line.count) }),
    ...(line.massMg === undefined ? {} : { massMg: line.massMg }),
    amountFen: Math.max(0, line.amountFen),
    isSettling,
  }
}
