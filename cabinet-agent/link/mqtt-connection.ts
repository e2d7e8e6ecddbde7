import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import mqtt, { type IClientOptions } from 'mqtt'
import { writeToStream } from 'mqtt-packet'
import type { BrokerConnection, ConnectBroker } from './broker-connection.ts'

// The packet writer's table of all 65,536 numbers costs 6 MB on a small computer and saves nothing at our rate.
writeToStream.cacheNumbers = false

const connectTimeoutMs = 10_000

/** An MQTT 3.1.1 connection. TCP_NODELAY on the socket: without it a QoS 1 round trip on loopback takes 88 ms. */
export const connectMqtt: ConnectBroker = ({ url, clientId, login, keepaliveS, will }, handlers) => {
  const options: IClientOptions = {
    ...login,
    clientId,
    protocolVersion: 4,
    // The broker keeps commands and acks of a short absence for us.
    clean: false,
    keepalive: keepaliveS,
    reconnectPeriod: 0,
    connectTimeout: connectTimeoutMs,
    queueQoSZero: false,
    resubscribe: false,
    will: { ...will, qos: 1, retain: true },
  }
  const client = new mqtt.MqttClient(() => openSocket(url), options)
  let why = 'closed'
  client.on('connect', handlers.onOpen)
  client.on('message', handlers.onMessage)
  client.on('error', (error) => {
    why = error.message
  })
  client.on('close', () => handlers.onClose(why))
  return {
    get isOpen() {
      return client.connected
    },
    get unsentBytes() {
      return (client.stream as { writableLength?: number }).writableLength ?? 0
    },
    subscribe(topics, onDone) {
      client.subscribe([...topics], { qos: 1 }, (error, granted) => {
        const isRefused = granted?.some((grant) => Number(grant.qos) > 2) === true
        onDone((error ?? undefined) === undefined && !isRefused)
      })
    },
    publish(topic, payload, { qos, retain }, onDone) {
      client.publish(topic, payload, { qos, retain }, (error) => onDone?.(error ?? undefined))
    },
    end(onDone) {
      client.end(false, {}, onDone)
    },
    drop() {
      client.removeAllListeners()
      client.on('error', () => {})
      client.end(true)
    },
  } satisfies BrokerConnection
}

function openSocket(url: string) {
  const { protocol, hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const socket =
    protocol === 'mqtts:'
      ? connectTls({ host, port: Number(port || 8883), servername: host })
      : connectTcp({ host, port: Number(port || 1883) })
  socket.setNoDelay(true)
  return socket
}
