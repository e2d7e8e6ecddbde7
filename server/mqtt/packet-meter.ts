// Watches the bytes of one MQTT connection and says no before a packet that is too large is collected in memory. It reads
// fixed headers only (MQTT 3.1.1 §2.2: one byte of type, one to four bytes of remaining length).

/** Largest first packet (CONNECT with a last will), bytes. */
const maxConnectBytes = 16_384

export class PacketMeter {
  readonly #maxPacketBytes: number
  #limitBytes = maxConnectBytes
  #state: 'type' | 'length' | 'body' = 'type'
  #length = 0
  #shift = 0
  #leftBytes = 0

  constructor(maxPacketBytes: number) {
    this.#maxPacketBytes = maxPacketBytes
  }

  /** False when a packet's announced length is over the limit or no valid length; the connection is then of no use. */
  accepts(chunk: Uint8Array): boolean {
    let at = 0
    while (at < chunk.length) {
      if (this.#state === 'body') {
        const taken = Math.min(this.#leftBytes, chunk.length - at)
        at += taken
        this.#leftBytes -= taken
        if (this.#leftBytes === 0) this.#state = 'type'
        continue
      }
      const byte = chunk[at] ?? 0
      at += 1
      if (this.#state === 'type') {
        this.#state = 'length'
        this.#length = 0
        this.#shift = 0
        continue
      }
      this.#length += (byte & 0x7f) * 2 ** this.#shift
      this.#shift += 7
      if ((byte & 0x80) !== 0) {
        if (this.#shift >= 28) return false
        continue
      }
      if (this.#length > this.#limitBytes) return false
      this.#limitBytes = this.#maxPacketBytes
      this.#leftBytes = this.#length
      this.#state = this.#length === 0 ? 'type' : 'body'
    }
    return true
  }
}
