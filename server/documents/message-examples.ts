// One or more examples of every message on MQTT, shown in the AsyncAPI document and checked against the contract by a test.
import type { Channel } from '#shared/contracts/mqtt/topics.ts'

export interface MessageExample {
  readonly name: string
  readonly payload: unknown
}

const sessionId = '019ab000-0000-7000-8000-000000000001'
const commandId = '019ab000-0000-7000-8000-000000000002'
const bootId = '019ab000-0000-7000-8000-000000000003'
const skuId = '019ab000-0000-7000-8000-000000000004'
const atMs = 1_790_000_000_000
const publicKey = `MCowBQYDK2VwAyEA${'A'.repeat(43)}=`
const nextPublicKey = `MCowBQYDK2VwAyEA${'B'.repeat(42)}A=`
const genesis = '0'.repeat(64)
const versions = { agent: '1.0.0', decoder: '1.0.0', planogram: 3, prices: 2 }
const config = {
  noOpenTimeoutMs: 10_000,
  doorOpenPromptMs: 60_000,
  doorOpenAlarmMs: 180_000,
  settleTimeoutMs: 8_000,
  telemetryIntervalMs: 60_000,
  heartbeatIntervalMs: 30_000,
  liveIntervalMs: 300,
  settleConfidence: 0.995,
  scaleVerification: null,
  maxTemperatureDeciC: 100,
}

export const channelExamples: Readonly<Record<Channel, readonly MessageExample[]>> = {
  events: [
    {
      name: 'a settled session',
      payload: {
        bootId,
        seq: 1,
        atMs,
        type: 'session.settled',
        body: {
          sessionId,
          lines: [{ laneId: 'L01', skuId, mode: 'piece', count: 2, shownPriceFen: 1_280 }],
          confidence: 0.9991,
          flags: [],
          versions,
          evidence: {
            opening: [{ laneId: 'L01', levelMg: 8_004_000, standardErrorMg: 400, sampleCount: 30 }],
            closing: [{ laneId: 'L01', levelMg: 6_001_000, standardErrorMg: 450, sampleCount: 30 }],
            steps: [{ laneId: 'L01', atMs, massMg: -2_003_000, standardErrorMg: 900 }],
            hypotheses: [],
          },
          steadyAtMs: atMs,
        },
        prevHash: genesis,
        hash: '7b05ffef0f2633d442195ab64fa66401f78a64838f11f85ad2f8cab6252beda2',
      },
    },
  ],
  acks: [
    { name: 'committed', payload: { throughSeq: 41 } },
    { name: 'a gap', payload: { resendFrom: 42 } },
  ],
  commands: [
    {
      name: 'open for one buyer',
      payload: {
        commandId,
        kind: 'unlock',
        body: { sessionId, holdFen: 10_000, planogramVersion: 3, pricesVersion: 2 },
        issuedAtMs: atMs,
        expiresAtMs: atMs + 15_000,
        signature: `${'A'.repeat(86)}==`,
      },
    },
  ],
  replies: [
    { name: 'done', payload: { commandId, outcome: 'done', atMs } },
    { name: 'refused', payload: { commandId, outcome: 'refused', reason: 'busy', atMs } },
    { name: 'not known to this agent', payload: { commandId, outcome: 'unsupported', atMs } },
  ],
  live: [
    {
      name: 'two pieces in hand',
      payload: {
        sessionId,
        atMs,
        stage: 'open',
        cart: [{ laneId: 'L01', skuId, mode: 'piece', count: 2, amountFen: 2_560, isSettling: false }],
        totalFen: 2_560,
        notices: [],
      },
    },
  ],
  presence: [
    { name: 'online', payload: { isOnline: true, bootId, versions, atMs } },
    { name: 'the last will', payload: { isOnline: false, bootId, atMs } },
  ],
  reported: [
    {
      name: 'one lane, idle',
      payload: {
        desiredVersion: 5,
        planogramVersion: 3,
        pricesVersion: 2,
        config,
        isInService: true,
        doorState: 'closed',
        sessionState: 'idle',
        lanes: [
          {
            laneId: 'L01',
            skuId,
            count: 6,
            grossMg: 6_001_000,
            unitMassMg: 1_000_100,
            unitMassSdMg: 11_000,
            hasForeignObject: false,
            isFaulty: false,
          },
        ],
        alarms: [],
        obeyedKeys: [publicKey, nextPublicKey],
        atMs,
      },
    },
  ],
  desired: [
    {
      name: 'one lane',
      payload: {
        version: 5,
        planogram: {
          version: 3,
          lanes: [
            {
              laneId: 'L01',
              skuId,
              skuName: '沃柑 1 kg',
              mode: 'piece',
              capacity: 12,
              labelUnitMassMg: 1_000_000,
              labelUnitMassSdMg: 12_000,
              isOnSale: true,
            },
          ],
        },
        prices: { version: 2, prices: { [skuId]: 1_280 } },
        config,
        commandKeys: [{ generation: 1, present: publicKey, next: nextPublicKey, signature: `${'A'.repeat(86)}==` }],
      },
    },
  ],
  telemetry: [
    {
      name: 'all well',
      payload: {
        atMs,
        temperatureDeciC: 42,
        devices: [{ device: 'scale-L01', isOnline: true }],
        links: {
          bus: {
            requests: 1_200,
            replies: 1_199,
            retries: 1,
            timeouts: 1,
            checksumErrors: 0,
            discardedBytes: 0,
            lateReplies: 0,
            reconnects: 0,
          },
        },
        outboxDepth: 0,
        uptimeMs: 3_600_000,
      },
    },
  ],
}
