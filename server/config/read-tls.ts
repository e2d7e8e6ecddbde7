// The certificate of HTTPS and MQTTS, read at start: what is wrong with the files is said before anything listens.
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { ConfigError } from './server-config.ts'

export interface TlsFiles {
  /** PEM: the certificate, then those that vouch for it. */
  readonly certFile: string
  /** PEM, not encrypted. */
  readonly keyFile: string
}

/** What node's TLS servers take. */
export interface TlsOptions {
  readonly cert: string
  readonly key: string
  readonly minVersion: 'TLSv1.2'
  /** Whoever connects and says nothing is dropped, ms. */
  readonly handshakeTimeout: number
}

const handshakeTimeoutMs = 10_000

async function readPem<T>(name: string, file: string, parse: (pem: string) => T): Promise<{ pem: string; parsed: T }> {
  try {
    const pem = await readFile(file, 'utf8')
    return { pem, parsed: parse(pem) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`The configuration is wrong:\n  ${name}: ${file}: ${why}`, { cause: error })
  }
}

/** Reads both files; throws a ConfigError that names the one that cannot be read, or says that they do not belong together. */
export async function readTls({ certFile, keyFile }: TlsFiles): Promise<TlsOptions> {
  const cert = await readPem('HUINONG_TLS_CERT_FILE', certFile, (pem) => new X509Certificate(pem))
  const key = await readPem('HUINONG_TLS_KEY_FILE', keyFile, (pem) => createPrivateKey(pem))
  if (!cert.parsed.checkPrivateKey(key.parsed))
    throw new ConfigError(
      `The configuration is wrong:\n  HUINONG_TLS_KEY_FILE: ${keyFile}: is not the key of ${certFile}`,
    )
  return { cert: cert.pem, key: key.pem, minVersion: 'TLSv1.2', handshakeTimeout: handshakeTimeoutMs }
}
