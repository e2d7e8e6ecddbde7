// A thread that makes bank files while the database books the ones before: to open 5,000 account numbers and to write them takes a
// processor about as long as to book them. The thread is the program itself once more (a bundle is one file), with a connection of
// its own to the same database. It is a help and no more: what it cannot make for whatever reason, the booking unit makes itself, and
// says there what is wrong.
import { Worker, parentPort, workerData } from 'node:worker_threads'
import { systemRandom } from '#shared/ids/random.ts'
import { systemClock } from '#shared/time/system-clock.ts'
import { openReader } from '../db/open-database.ts'
import { readKeyRing } from '../personal-data/key-ring.ts'
import type { KeySource } from '../personal-data/key-ring.ts'
import { makeSealer } from '../personal-data/seal.ts'
import { makeOf, readSource } from './make-file.ts'
import type { FileRequest, MadeFile } from './make-file.ts'

/** What a thread needs to do what its program does. */
export interface ThreadSource {
  /** The program's own file, which calls `answerFileRequests` when it runs as a thread. */
  readonly program: URL
  /** Not in memory: that one nobody else sees. */
  readonly databaseUrl: string
  readonly keys: KeySource
}

/** That it has started, then an answer to each request: the file, or undefined when it cannot make it. */
type ThreadMessage = 'started' | MadeFile | undefined

export class FileThread implements AsyncDisposable {
  readonly #worker: Worker
  /** Who waits for a file, in the order in which they asked: the thread answers in the same. */
  readonly #waiting: Array<(made: MadeFile | undefined) => void> = []
  #isStarted = false
  #isEnded = false

  constructor({ program, databaseUrl, keys }: ThreadSource) {
    this.#worker = new Worker(program, { workerData: { databaseUrl, keys } })
    this.#worker.on('message', (message: ThreadMessage) => {
      if (message === 'started') this.#isStarted = true
      else this.#waiting.shift()?.(message)
    })
    // What ends it is followed by its exit.
    this.#worker.on('error', () => {})
    this.#worker.on('exit', () => {
      this.#isEnded = true
      for (const answer of this.#waiting.splice(0)) answer(undefined)
    })
  }

  /** Whether it would begin with a file at once: to load a program takes it as long as some files take. */
  get isStarted(): boolean {
    return this.#isStarted
  }

  /** Makes the files that are asked for one after another, once it has started. Undefined: it could not be made here. */
  make(request: FileRequest): Promise<MadeFile | undefined> {
    if (this.#isEnded) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#worker.postMessage(request)
    })
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
  const database = await openReader({ url, clock: systemClock, random: systemRandom, cacheMegabytes: 8 })
  port.on('message', (request: FileRequest) => {
    void database
      .read((ctx) => readSource(ctx, request))
      // Behind the reading: while a snapshot is held, SQLite's log cannot begin anew, and every commit goes through all of it.
      .then((source) => makeOf(source, sealer))
      .then(
        (made) => port.postMessage(made),
        () => port.postMessage(undefined),
      )
  })
  port.postMessage('started' satisfies ThreadMessage)
}
