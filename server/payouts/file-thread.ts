// A thread that makes bank files while the database books the ones before: to open 5,000 account numbers and to write them takes a
// processor about as long as to book them. The thread is the program itself once more (a bundle is one file), with a connection of
// its own to the same database. It is a help and no more: what it cannot make for whatever reason, the booking unit makes itself, and
// says there what is wrong.
import { once } from 'node:events'
import { Worker, parentPort, workerData } from 'node:worker_threads'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openDatabase } from '../db/open-database.ts'
import { readKeyRing } from '../personal-data/key-ring.ts'
import type { KeySource } from '../personal-data/key-ring.ts'
import { makeSealer } from '../personal-data/seal.ts'
import { makeFile } from './make-file.ts'
import type { FileRequest, MadeFile } from './make-file.ts'

/** What a thread needs to do what its program does. */
export interface ThreadSource {
  /** The program's own file, which calls `answerFileRequests` when it runs as a thread. */
  readonly program: URL
  /** Not in memory: that one nobody else sees. */
  readonly databaseUrl: string
  readonly keys: KeySource
}

export class FileThread implements AsyncDisposable {
  readonly #worker: Worker
  #isReady = false

  constructor({ program, databaseUrl, keys }: ThreadSource) {
    this.#worker = new Worker(program, { workerData: { databaseUrl, keys } })
    this.#worker.once('message', () => (this.#isReady = true))
    this.#worker.on('error', () => (this.#isReady = false))
    this.#worker.on('exit', () => (this.#isReady = false))
  }

  /** Once it has started, which takes about as long as making the first files, and until it ends. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** One file at a time. Undefined: it could not be made here. */
  async make(request: FileRequest): Promise<MadeFile | undefined> {
    if (!this.#isReady) return undefined
    const ended = new AbortController()
    const { signal } = ended
    try {
      this.#worker.postMessage(request)
      const [made] = (await Promise.race([
        once(this.#worker, 'message', { signal }),
        once(this.#worker, 'exit', { signal }).then(() => []),
      ])) as Array<MadeFile | undefined>
      return made
    } catch {
      return undefined
    } finally {
      ended.abort()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}

/** What a program does when it runs as such a thread, until it is ended. */
export async function answerFileRequests(): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('this is no thread')
  const { databaseUrl: url, keys } = workerData as Omit<ThreadSource, 'program'>
  const sealer = makeSealer(await readKeyRing(keys, false))
  const database = await openDatabase({ url, clock: systemClock, random: systemRandom })
  port.on('message', (request: FileRequest) => {
    void database
      .read((ctx) => makeFile(ctx, sealer, request))
      .then(
        (made) => port.postMessage(made),
        () => port.postMessage(undefined),
      )
  })
  port.postMessage('ready')
}
