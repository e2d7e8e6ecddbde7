import { isId, type Id } from '../../ids/uuid-v7.ts'

/** The last level of every topic a cabinet has: `huinong/v1/cabinets/{cabinetId}/{channel}` (design.md, MQTT). */
export const channels = [
  'events',
  'acks',
  'commands',
  'replies',
  'live',
  'presence',
  'reported',
  'desired',
  'telemetry',
] as const
export type Channel = (typeof channels)[number]

/** Who publishes on a channel, with what quality of service and whether the broker keeps the last message. */
export const channelRules = {
  events: { publisher: 'cabinet', qos: 1, isRetained: false },
  acks: { publisher: 'server', qos: 1, isRetained: false },
  commands: { publisher: 'server', qos: 1, isRetained: false },
  replies: { publisher: 'cabinet', qos: 1, isRetained: false },
  live: { publisher: 'cabinet', qos: 0, isRetained: false },
  presence: { publisher: 'cabinet', qos: 1, isRetained: true },
  reported: { publisher: 'cabinet', qos: 1, isRetained: true },
  desired: { publisher: 'server', qos: 1, isRetained: true },
  telemetry: { publisher: 'cabinet', qos: 0, isRetained: false },
} as const satisfies Record<Channel, { publisher: 'cabinet' | 'server'; qos: 0 | 1; isRetained: boolean }>

/** Largest payload either side accepts, bytes. Larger ones are counted and dropped before they are parsed. */
export const maxPayloadBytes = 262_144

const prefix = 'huinong/v1/cabinets/'

/** The topic of one cabinet's channel. */
export function topicOf(cabinetId: Id, channel: Channel): string {
  return `${prefix}${cabinetId}/${channel}`
}

/** The subscription that receives one channel of every cabinet. */
export function topicOfAll(channel: Channel): string {
  return `${prefix}+/${channel}`
}

function isChannel(name: string): name is Channel {
  return Object.hasOwn(channelRules, name)
}

/** Reads a topic; undefined when it is none of ours. */
export function parseTopic(topic: string): { cabinetId: Id; channel: Channel } | undefined {
  if (!topic.startsWith(prefix)) return undefined
  const end = topic.indexOf('/', prefix.length)
  const cabinetId = topic.slice(prefix.length, end)
  const channel = topic.slice(end + 1)
  return isId(cabinetId) && isChannel(channel) ? { cabinetId, channel } : undefined
}
