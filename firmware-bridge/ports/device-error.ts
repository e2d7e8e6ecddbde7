/** Stable codes of everything that can go wrong between us and a board (hardware.md, errors). */
export const deviceErrorCodes = [
  'TRANSPORT_CLOSED',
  'TRANSPORT_OPEN_FAILED',
  'WRITE_FAILED',
  'TIMEOUT_NO_REPLY',
  'TIMEOUT_PARTIAL',
  'CHECKSUM',
  'FRAME_INVALID',
  'REPLY_MISMATCH',
  'DEVICE_EXCEPTION',
  'EXPIRED',
  'CANCELLED',
  'OUTCOME_UNKNOWN',
  'UNSUPPORTED',
] as const
export type DeviceErrorCode = (typeof deviceErrorCodes)[number]

/** A fault of a device or of the line to it. The agent turns it into an input of its machine; nothing else may. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError'
  readonly code: DeviceErrorCode

  constructor(code: DeviceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
