// The server's configuration: one zod object over the environment. Every problem is reported at once, `--help` is written
// from the same object, and what is secret never reaches a log.
import { z } from 'zod'
import { Role } from '#shared/contracts/http/route.ts'
import { makeReach, type Reach } from '../alerts/outward-reach.ts'
import { parseNetworks } from './parse-networks.ts'
import type { TlsFiles } from './read-tls.ts'
import { type KeySource, parseDataKeys, parseKey } from '../personal-data/key-ring.ts'

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback)
const emptyAsAbsent = (value: unknown) => (value === '' ? undefined : value)
const optionalText = () => z.preprocess(emptyAsAbsent, z.string().min(1).optional())
/** A secret that is parsed at once and never kept as text; the problem names no part of it. */
const optionalSecret = <T>(parse: (text: string) => T | undefined, form: string) =>
  z.preprocess(
    emptyAsAbsent,
    z
      .string()
      .transform((text, context) => {
        const parsed = parse(text)
        if (parsed !== undefined) return parsed
        context.addIssue({ code: 'custom', message: form })
        return z.NEVER
      })
      .optional(),
  )

/** Each environment variable with its default and one line of help. */
export const ServerEnvironment = z.object({
  HUINONG_DATABASE_URL: z
    .string()
    .regex(/^(sqlite:|postgres(ql)?:\/\/)/, 'starts with sqlite: or postgres://')
    .default('sqlite:./data/huinong.db')
    .describe('Database: sqlite:FILE or postgres://user:password@host:port/name'),
  HUINONG_DATA_DIR: z.string().min(1).default('./data').describe('Folder for the command key and other own files'),
  HUINONG_HTTP_HOST: z.string().min(1).default('127.0.0.1').describe('Address HTTP listens on'),
  HUINONG_HTTP_PORT: port(8080).describe('Port of HTTP; 0 picks a free one'),
  HUINONG_PUBLIC_URL: z
    .preprocess(emptyAsAbsent, z.url({ protocol: /^https?$/ }).optional())
    .describe('Address of the pages as browsers see it; https makes cookies Secure'),
  HUINONG_TLS_CERT_FILE: optionalText().describe(
    'PEM file of the certificate (with its chain): HTTP becomes HTTPS, the embedded broker MQTTS; wants HUINONG_TLS_KEY_FILE',
  ),
  HUINONG_TLS_KEY_FILE: optionalText().describe('PEM file of its private key'),
  HUINONG_TRUST_PROXY: z
    .string()
    .default('false')
    .transform((text, context) => {
      if (text === '' || text === 'false') return 'none' as const
      if (text === 'true') return 'nearest' as const
      return parseNetworks(text, context).map(([network, prefix]) => `${network}/${prefix}`)
    })
    .describe(
      'Whose X-Forwarded-* headers are believed: true for the one proxy that connects, or the addresses of several, as 10.1.0.0/16,…',
    ),
  HUINONG_MQTT_URL: z
    .preprocess(emptyAsAbsent, z.url({ protocol: /^mqtts?$/ }).optional())
    .describe('An external MQTT broker; without it the embedded one serves'),
  HUINONG_MQTT_HOST: z.string().min(1).default('127.0.0.1').describe('Address the embedded broker listens on'),
  HUINONG_MQTT_PORT: port(1883).describe('Port of the embedded broker; 0 picks a free one'),
  HUINONG_MQTT_PUBLIC_URL: z
    .preprocess(emptyAsAbsent, z.url({ protocol: /^mqtts?$/ }).optional())
    .describe('Address of the broker as told to cabinets at enrolment'),
  HUINONG_COMMAND_KEY_FILE: optionalText().describe(
    'PEM file of the Ed25519 key that signs commands; default command-key.pem in the data folder, made at first start',
  ),
  HUINONG_DATA_KEYS: optionalSecret(
    parseDataKeys,
    'is a list of id:base64 with 32 bytes each, parted by commas',
  ).describe(
    'Keys that seal phone and bank numbers, newest first: id:base64,… with 32 bytes each; wants HUINONG_FINGERPRINT_KEY',
  ),
  HUINONG_FINGERPRINT_KEY: optionalSecret(parseKey, 'is 32 bytes in base64').describe(
    'Key of the fingerprints by which sealed numbers are compared: 32 bytes in base64; it stays the same for good',
  ),
  HUINONG_DATA_KEY_FILE: optionalText().describe(
    'File of both when the variables are not set; default data-keys.txt in the data folder, made at first start',
  ),
  HUINONG_SESSION_HOURS: z.coerce.number().int().min(1).max(8_760).default(168).describe('Life of a sign-in, hours'),
  HUINONG_STAFF_SESSION_HOURS: z.coerce
    .number()
    .int()
    .min(1)
    .max(8_760)
    .default(12)
    .describe('The same where a role wants a second factor: a working day'),
  HUINONG_STAFF_IDLE_MINUTES: z.coerce
    .number()
    .int()
    .min(5)
    .max(10_080)
    .default(60)
    .describe('After how long without use such a sign-in ends, minutes'),
  HUINONG_SECOND_FACTOR_ROLES: z
    .string()
    .default('admin,finance,operator,auditor,desk')
    .transform((text) => (text === '' ? [] : text.split(',').map((name) => name.trim())))
    .pipe(z.array(Role))
    .describe('Roles that sign in with an authenticator app beside the password; empty for none'),
  HUINONG_REQUESTS_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(10)
    .max(1_000_000)
    .default(1_200)
    .describe('Most HTTP requests a minute from one address'),
  HUINONG_WEB_DIR: optionalText().describe('Folder of the built pages; default server/web/dist'),
  HUINONG_METRICS_TOKEN: optionalText().describe('When set, /metrics wants it as a bearer token'),
  HUINONG_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least severe log line that is written'),
  HUINONG_HOLD_FEN: z.coerce
    .number()
    .int()
    .min(100)
    .max(100_000)
    .default(10_000)
    .describe('Most that is held in a wallet when a door opens, fen; a bill is never above it'),
  HUINONG_MIN_WALLET_FEN: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(2_000)
    .describe('Least that must be free in a wallet to open a door, fen'),
  HUINONG_LOSS_ALONE_FEN: z.coerce
    .number()
    .int()
    .min(0)
    .max(100_000_000)
    .default(50_000)
    .describe('Most of a lot, fen by its label, that one person books as lost in a day; beyond it two people'),
  HUINONG_SMTP_URL: z
    .preprocess(emptyAsAbsent, z.url({ protocol: /^smtps?$/ }).optional())
    .describe('Mail server for alerts: smtp://user:password@host:port or smtps://…; wants HUINONG_MAIL_FROM'),
  HUINONG_MAIL_FROM: z.preprocess(emptyAsAbsent, z.email().optional()).describe('Address that alerts are sent from'),
  HUINONG_ALERT_PRIVATE_NETWORKS: z
    .string()
    .default('')
    .transform(parseNetworks)
    .describe('Networks that are not public and that webhooks and web push may reach all the same, as 10.1.0.0/16,…'),
  HUINONG_FLEET_TARGET: z.coerce.number().int().min(1).default(1_000).describe('Cabinets the programme aims at'),
  HUINONG_OPERATOR_NAME: z.string().default('惠农柜运营单位').describe('Operator shown on each shelf (food rules)'),
  HUINONG_OPERATOR_ADDRESS: z.string().default('重庆市渝北区').describe('Its address'),
  HUINONG_OPERATOR_CONTACT: z.string().default('—').describe('Its telephone or other contact'),
  HUINONG_OPERATOR_FILING: z.string().default('—').describe('Its food-business filing number'),
})
type Environment = z.infer<typeof ServerEnvironment>

export interface ServerConfig {
  readonly databaseUrl: string
  readonly dataDirectory: string
  readonly http: {
    readonly host: string
    readonly port: number
    readonly publicUrl: string | undefined
    /** Browsers reach the pages by https, from us or from a proxy in front. */
    readonly isHttps: boolean
    /** Whose X-Forwarded-* headers are believed: nobody's, those of whoever connects, or those of proxies in these networks. */
    readonly proxies: 'none' | 'nearest' | readonly string[]
    readonly requestsPerMinute: number
    readonly metricsToken: string | undefined
  }
  readonly mqtt: {
    /** An external broker; undefined means the embedded one on host and port. */
    readonly url: string | undefined
    readonly host: string
    readonly port: number
    readonly publicUrl: string | undefined
  }
  /** Undefined: HTTP and MQTT in clear, for a machine's own network or behind a proxy. */
  readonly tls: TlsFiles | undefined
  readonly commandKeyFile: string
  /** The keys of personal data, or where they are. */
  readonly dataKeys: KeySource
  readonly sessionLifetimeMs: number
  /** Of accounts with a role that wants a second factor. */
  readonly staffSessionLifetimeMs: number
  /** After how long without use theirs end. */
  readonly staffIdleMs: number
  /** Roles that want a second factor. */
  readonly secondFactorRoles: ReadonlySet<Role>
  /** Undefined means the pages that stand beside the server's code. */
  readonly webDirectory: string | undefined
  readonly logLevel: Environment['HUINONG_LOG_LEVEL']
  readonly hold: { readonly maxFen: number; readonly minFen: number }
  /** Most of a lot that people book as lost alone in a day, fen by the label. */
  readonly lossAloneFen: number
  /** Undefined: alerts leave by webhook only. */
  readonly mail: { readonly smtpUrl: string; readonly from: string } | undefined
  /** Where webhooks and push services may be. */
  readonly alertReach: Reach
  readonly fleetTarget: number
  readonly operator: { name: string; address: string; contact: string; filingNumber: string }
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

function keySourceOf(it: Environment): KeySource {
  const { HUINONG_DATA_KEYS: dataKeys, HUINONG_FINGERPRINT_KEY: fingerprintKey } = it
  if (dataKeys !== undefined && fingerprintKey !== undefined) return { dataKeys, fingerprintKey }
  return { file: it.HUINONG_DATA_KEY_FILE ?? `${it.HUINONG_DATA_DIR}/data-keys.txt` }
}

function mailOf({ HUINONG_SMTP_URL: smtpUrl, HUINONG_MAIL_FROM: from }: Environment): ServerConfig['mail'] {
  return smtpUrl === undefined || from === undefined ? undefined : { smtpUrl, from }
}

function tlsOf({ HUINONG_TLS_CERT_FILE: certFile, HUINONG_TLS_KEY_FILE: keyFile }: Environment): ServerConfig['tls'] {
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile }
}

/** Variables that mean something only together. */
const paired = [
  ['HUINONG_DATA_KEYS', 'HUINONG_FINGERPRINT_KEY'],
  ['HUINONG_SMTP_URL', 'HUINONG_MAIL_FROM'],
  ['HUINONG_TLS_CERT_FILE', 'HUINONG_TLS_KEY_FILE'],
] as const

/** Reads the environment; throws one ConfigError that names every variable that is wrong. */
export function readServerConfig(environment: Readonly<Record<string, string | undefined>>): ServerConfig {
  const parsed = ServerEnvironment.safeParse(environment)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
    throw new ConfigError(`The configuration is wrong:\n${lines.join('\n')}`)
  }
  const it = parsed.data
  const lonely = paired.find((names) => new Set(names.map((name) => it[name] === undefined)).size > 1)
  if (lonely !== undefined)
    throw new ConfigError(`The configuration is wrong:\n  ${lonely.join(' and ')} are set together or not at all`)
  const tls = tlsOf(it)
  return {
    databaseUrl: it.HUINONG_DATABASE_URL,
    dataDirectory: it.HUINONG_DATA_DIR,
    http: {
      host: it.HUINONG_HTTP_HOST,
      port: it.HUINONG_HTTP_PORT,
      publicUrl: it.HUINONG_PUBLIC_URL,
      isHttps: tls !== undefined || it.HUINONG_PUBLIC_URL?.startsWith('https:') === true,
      proxies: it.HUINONG_TRUST_PROXY,
      requestsPerMinute: it.HUINONG_REQUESTS_PER_MINUTE,
      metricsToken: it.HUINONG_METRICS_TOKEN,
    },
    mqtt: {
      url: it.HUINONG_MQTT_URL,
      host: it.HUINONG_MQTT_HOST,
      port: it.HUINONG_MQTT_PORT,
      publicUrl: it.HUINONG_MQTT_PUBLIC_URL,
    },
    tls,
    dataKeys: keySourceOf(it),
    commandKeyFile: it.HUINONG_COMMAND_KEY_FILE ?? `${it.HUINONG_DATA_DIR}/command-key.pem`,
    staffSessionLifetimeMs: it.HUINONG_STAFF_SESSION_HOURS * 3_600_000,
    staffIdleMs: it.HUINONG_STAFF_IDLE_MINUTES * 60_000,
    sessionLifetimeMs: it.HUINONG_SESSION_HOURS * 3_600_000,
    secondFactorRoles: new Set(it.HUINONG_SECOND_FACTOR_ROLES),
    webDirectory: it.HUINONG_WEB_DIR,
    logLevel: it.HUINONG_LOG_LEVEL,
    hold: { maxFen: it.HUINONG_HOLD_FEN, minFen: it.HUINONG_MIN_WALLET_FEN },
    lossAloneFen: it.HUINONG_LOSS_ALONE_FEN,
    mail: mailOf(it),
    alertReach: makeReach(it.HUINONG_ALERT_PRIVATE_NETWORKS),
    fleetTarget: it.HUINONG_FLEET_TARGET,
    operator: {
      name: it.HUINONG_OPERATOR_NAME,
      address: it.HUINONG_OPERATOR_ADDRESS,
      contact: it.HUINONG_OPERATOR_CONTACT,
      filingNumber: it.HUINONG_OPERATOR_FILING,
    },
  }
}

/** The text of `--help`: every variable, its default and what it is for. */
export function describeEnvironment(): string {
  const defaults = ServerEnvironment.parse({}) as Record<
    string,
    string | number | boolean | readonly unknown[] | undefined
  >
  const lines = Object.entries(ServerEnvironment.shape).map(([name, schema]) => {
    const fallback = defaults[name]
    const shown = fallback === undefined ? '' : ` [${String(fallback)}]`
    return `  ${name}${shown}\n      ${schema.description ?? ''}`
  })
  return `Usage: npm run server\n\nThe server reads these environment variables [default]:\n\n${lines.join('\n')}\n`
}

/** A URL without its password, for logs. */
export function redactUrl(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:/@]*):[^@]*@/, '$1:***@')
}
