/** What can be made to go wrong with a virtual cabinet, on demand and until it is cleared. */

/** `lock`, `thermometer`, `door-input`, `scanner`, or a lane id for that lane's scale. */
export type BoardName = 'lock' | 'thermometer' | 'door-input' | 'scanner' | (string & {})

/** Lines are named like the ports of the installation profile. */
export type VirtualFault =
  /** The coil of the door's lock fires and the bolt stays. */
  | { kind: 'lock-jammed' }
  /** The board obeys and says nothing. */
  | { kind: 'board-silent'; board: BoardName }
  /** Every reply comes that much later, ms. */
  | { kind: 'board-slow'; board: BoardName; delayMs: number }
  /** The line hands back what was sent. */
  | { kind: 'echo'; line: string }
  /** Each byte of a reply has a bit flipped with this probability. */
  | { kind: 'bit-flips'; line: string; probability: number }
  /** Junk precedes a reply with this probability. */
  | { kind: 'junk'; line: string; probability: number }
  /** The plug is out. */
  | { kind: 'unplugged'; line: string }
  /** The next reply stops half-way and the plug is out; clearing plugs it in again. */
  | { kind: 'cut-mid-frame'; line: string }
  | { kind: 'drift'; laneId: string; gPerMin: number }
  | { kind: 'unstable'; laneId: string; sdG: number }
  | { kind: 'out-of-range'; laneId: string; fault: 'overload' | 'underload' }
