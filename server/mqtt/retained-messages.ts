// The embedded broker's retained messages, by topic. The library's own memory tries every retained message against each
// subscription, which a fleet of thousands that reconnects pays in minutes of processor time; cabinets may subscribe to whole
// topics only, so that a look-up does.
import { Readable } from 'node:stream'
import type { Aedes, AedesPublishPacket } from 'aedes'

/** What of the library's memory is replaced; it declares neither. */
interface RetainedPart {
  storeRetained(packet: AedesPublishPacket): Promise<void>
  createRetainedStreamCombi(topics: readonly string[]): Readable
}

/** Call it once the broker listens, before anybody connects. */
export function keepRetainedByTopic(broker: Aedes): void {
  const { persistence } = broker as Aedes & { readonly persistence: RetainedPart }
  const byTopic = new Map<string, AedesPublishPacket>()
  persistence.storeRetained = (packet) => {
    // An empty retained message clears its topic (MQTT 3.1.1, 3.3.1.3).
    if (packet.payload.length === 0) byTopic.delete(packet.topic)
    else byTopic.set(packet.topic, { ...packet })
    return Promise.resolve()
  }
  persistence.createRetainedStreamCombi = (topics) => Readable.from(topics.flatMap((topic) => byTopic.get(topic) ?? []))
}
