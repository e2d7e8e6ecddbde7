// AsyncAPI 3 from the MQTT contracts: each channel with its direction, quality of service, retention, message and examples.
import type { z } from 'zod'
import { Command, commandBodies, Reply } from '#shared/contracts/mqtt/command.ts'
import { AckMessage, eventBodies, EventsMessage } from '#shared/contracts/mqtt/event.ts'
import { LiveMessage, Telemetry } from '#shared/contracts/mqtt/live.ts'
import { type Channel, channelRules, channels, maxPayloadBytes, topicOf } from '#shared/contracts/mqtt/topics.ts'
import { DesiredTwin, Presence, ReportedTwin } from '#shared/contracts/mqtt/twin.ts'
import { channelExamples } from './message-examples.ts'
import { type Json, type JsonObject, SchemaShelf } from './json-schemas.ts'

/** What a channel carries. */
export const channelMessages = {
  events: { schema: EventsMessage, summary: 'Journal entries, one by one or batched, in order of seq' },
  acks: { schema: AckMessage, summary: 'What is committed, or from where entries are wanted again' },
  commands: { schema: Command, summary: 'A signed command; past its expiry it is not executed' },
  replies: { schema: Reply, summary: 'The answer to a command; every command gets one' },
  live: { schema: LiveMessage, summary: 'The cart as it looks while the door is open' },
  presence: { schema: Presence, summary: 'Online or offline; the last will says offline' },
  reported: { schema: ReportedTwin, summary: 'The twin as it is' },
  desired: { schema: DesiredTwin, summary: 'The twin as it should be' },
  telemetry: { schema: Telemetry, summary: 'Temperature, devices, links and the process itself' },
} as const satisfies Record<Channel, { schema: z.ZodType; summary: string }>

/** Bodies by type or kind, as schemas named by it: `event.session.settled`, `command.unlock`. */
function bodySchemas(prefix: string, bodies: Readonly<Record<string, z.ZodType>>, shelf: SchemaShelf): JsonObject {
  return Object.fromEntries(
    Object.entries(bodies).map(([name, schema]) => [`${prefix}.${name}`, shelf.add(schema, 'input')]),
  )
}

function channelOf(channel: Channel): JsonObject {
  const { qos, isRetained } = channelRules[channel]
  return {
    address: topicOf('{cabinetId}', channel),
    messages: { [channel]: { $ref: `#/components/messages/${channel}` } },
    parameters: { cabinetId: { description: 'UUID version 7 of the cabinet, lower case' } },
    bindings: { mqtt: { bindingVersion: '0.2.0' } },
    description: `QoS ${qos}${isRetained ? ', retained' : ''}; at most ${maxPayloadBytes} bytes`,
  }
}

/** Written from the server's side: it receives what cabinets publish and sends the rest. */
function operationOf(channel: Channel): JsonObject {
  const { publisher, qos, isRetained } = channelRules[channel]
  return {
    action: publisher === 'cabinet' ? 'receive' : 'send',
    channel: { $ref: `#/channels/${channel}` },
    summary: channelMessages[channel].summary,
    messages: [{ $ref: `#/channels/${channel}/messages/${channel}` }],
    bindings: { mqtt: { qos, retain: isRetained, bindingVersion: '0.2.0' } },
  }
}

function messageOf(channel: Channel, shelf: SchemaShelf): JsonObject {
  const { schema, summary } = channelMessages[channel]
  const examples: Json[] = channelExamples[channel].map(({ name, payload }) => ({ name, payload: payload as Json }))
  return { name: channel, contentType: 'application/json', summary, payload: shelf.add(schema, 'input'), examples }
}

export function makeAsyncApi(mqttUrl: string): JsonObject {
  const shelf = new SchemaShelf()
  const byChannel = (make: (channel: Channel) => JsonObject) =>
    Object.fromEntries(channels.map((channel) => [channel, make(channel)]))
  const messages = byChannel((channel) => messageOf(channel, shelf))
  const bodies = { ...bodySchemas('event', eventBodies, shelf), ...bodySchemas('command', commandBodies, shelf) }
  const { host, protocol } = new URL(mqttUrl === '' ? 'mqtt://localhost:1883' : mqttUrl)
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Huinong Cabinet (惠农柜): cabinets over MQTT',
      version: '1',
      description:
        'Delivery is at least once, effect exactly once by (cabinet, seq). Unknown fields are ignored, unknown kinds answered.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: { broker: { host, protocol: protocol.replace(':', ''), protocolVersion: '3.1.1' } },
    channels: byChannel(channelOf),
    operations: byChannel(operationOf),
    components: { messages, schemas: { ...shelf.components, ...bodies } },
  }
}
