// The server's own metrics for Prometheus, in a registry of their own so that two apps in one process never mix.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Buckets in seconds, from a LAN round trip to a stuck request. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export class Metrics {
  readonly registry = new Registry()
  readonly httpSeconds: Histogram<'method' | 'route' | 'status'>
  readonly refusals: Counter<'code'>
  readonly ingestedEvents: Counter<'outcome'>
  readonly ingestSeconds: Histogram
  readonly messages: Counter<'channel'>
  readonly rejectedMessages: Counter<'channel' | 'reason'>
  readonly brokerRefusals: Counter<'reason'>
  readonly commands: Counter<'kind' | 'outcome'>
  readonly cabinetsOnline: Gauge
  readonly liveSockets: Gauge
  readonly liveDropped: Counter
  readonly effectFailures: Counter<'kind'>
  readonly ledgerProblems: Gauge
  readonly reconciliationDifferenceFen: Gauge<'channel'>
  readonly reconciliationOpen: Gauge<'channel'>
  readonly auditProblems: Gauge
  readonly booksCheckedAt: Gauge
  readonly payoutsOverdue: Gauge
  readonly payoutProblems: Gauge
  readonly receiptSeconds: Histogram
  readonly serviceShare: Gauge<'quality'>
  readonly laneDifferencesOpen: Gauge
  readonly alertsRaised: Counter
  readonly alertsUnheard: Counter
  readonly alertDeliveries: Counter<'channel' | 'outcome'>

  constructor() {
    const registers = [this.registry]
    this.httpSeconds = new Histogram({
      name: 'huinong_http_request_duration_seconds',
      help: 'HTTP requests by route and status',
      labelNames: ['method', 'route', 'status'],
      buckets,
      registers,
    })
    this.refusals = new Counter({
      name: 'huinong_refusals_total',
      help: 'Requests refused, by stable code',
      labelNames: ['code'],
      registers,
    })
    this.ingestedEvents = new Counter({
      name: 'huinong_ingest_events_total',
      help: 'Journal entries received: committed, duplicate, gapped, flagged, dropped (queue full), retried',
      labelNames: ['outcome'],
      registers,
    })
    this.ingestSeconds = new Histogram({
      name: 'huinong_ingest_commit_duration_seconds',
      help: 'From the receipt of journal entries to their commit',
      buckets,
      registers,
    })
    this.messages = new Counter({
      name: 'huinong_messages_total',
      help: 'MQTT messages of cabinets that fit the contract',
      labelNames: ['channel'],
      registers,
    })
    this.rejectedMessages = new Counter({
      name: 'huinong_rejected_messages_total',
      help: 'MQTT messages kept aside because they break the contract',
      labelNames: ['channel', 'reason'],
      registers,
    })
    this.brokerRefusals = new Counter({
      name: 'huinong_broker_refusals_total',
      help: 'Connections, publications and subscriptions the embedded broker refused',
      labelNames: ['reason'],
      registers,
    })
    this.commands = new Counter({
      name: 'huinong_commands_total',
      help: 'Commands by kind and outcome; outcome sent counts the sending',
      labelNames: ['kind', 'outcome'],
      registers,
    })
    this.cabinetsOnline = new Gauge({ name: 'huinong_cabinets_online', help: 'Cabinets that are online', registers })
    this.liveSockets = new Gauge({ name: 'huinong_live_sockets', help: 'Open WebSockets of pages', registers })
    this.liveDropped = new Counter({
      name: 'huinong_live_dropped_total',
      help: 'WebSockets closed because the page did not keep up',
      registers,
    })
    this.ledgerProblems = new Gauge({
      name: 'huinong_ledger_problems',
      help: 'What the nightly proof of the books found wrong; anything above 0 needs a person',
      registers,
    })
    this.auditProblems = new Gauge({
      name: 'huinong_audit_problems',
      help: 'Chains of the audit trail that the nightly proof found broken; anything above 0 needs a person',
      registers,
    })
    this.booksCheckedAt = new Gauge({
      name: 'huinong_books_checked_timestamp_seconds',
      help: 'When the newest proof of the books ended; older than a day and some hours means that the nightly one failed',
      registers,
    })
    this.payoutsOverdue = new Gauge({
      name: 'huinong_payouts_overdue',
      help: 'Payout batches that the bank has not answered by their day',
      registers,
    })
    this.payoutProblems = new Gauge({
      name: 'huinong_payout_problems',
      help: 'Where payouts and ledger disagree; anything above 0 needs a person',
      registers,
    })
    this.reconciliationDifferenceFen = new Gauge({
      name: 'huinong_reconciliation_difference_fen',
      help: 'Statement less books of the newest day or batch, less what postings closed; anything but 0 needs a person',
      labelNames: ['channel'],
      registers,
    })
    this.reconciliationOpen = new Gauge({
      name: 'huinong_reconciliation_open',
      help: 'Differences between books and statements that no posting has closed',
      labelNames: ['channel'],
      registers,
    })
    this.alertsRaised = new Counter({
      name: 'huinong_alerts_raised_total',
      help: 'Alerts raised',
      registers,
    })
    this.alertsUnheard = new Counter({
      name: 'huinong_alerts_unheard_total',
      help: 'Alerts raised or escalated for which no recipient is set up',
      registers,
    })
    this.alertDeliveries = new Counter({
      name: 'huinong_alert_deliveries_total',
      help: 'Messages about alerts, by channel: sent, or failed and tried again',
      labelNames: ['channel', 'outcome'],
      registers,
    })
    this.receiptSeconds = new Histogram({
      name: 'huinong_close_to_receipt_seconds',
      help: 'From the news that a door closed to the commit of its sale',
      buckets: [...buckets, 20, 60],
      registers,
    })
    this.serviceShare = new Gauge({
      name: 'huinong_service_share',
      help: 'Last 24 h, 0 to 1: open_success, automatic_settlement, review; of live cabinets those online; of weighed lanes those that agree with the books (stock_accuracy)',
      labelNames: ['quality'],
      registers,
    })
    this.laneDifferencesOpen = new Gauge({
      name: 'huinong_lane_differences_open',
      help: 'Lanes whose weight and books do not agree and that nobody has explained',
      registers,
    })
    this.effectFailures = new Counter({
      name: 'huinong_effect_failures_total',
      help: 'Effects after a commit that failed and wait for their next occasion',
      labelNames: ['kind'],
      registers,
    })
  }

  /** Adds the process's own figures (memory, event loop, file descriptors); once, by the composition root. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.registry })
  }
}
