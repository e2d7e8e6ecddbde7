// Which files of a batch the thread is asked for, and when: some way ahead of the books, so that a slow commit does not stop the thread
// nor one slow file the books.
import type { Clock } from '#shared/time/clock.ts'
import type { FileThread } from './file-thread.ts'
import type { FileRequest, MadeFile } from './make-file.ts'

const filesAhead = 4

/** Whom the files are asked of. */
export type FileMaker = Pick<FileThread, 'make' | 'isStarted'>

/** How a batch is cut into files. */
interface Cut {
  readonly lineCount: number
  readonly maxRowsPerFile: number
}

export class FilesAhead {
  readonly #thread: FileMaker
  readonly #clock: Clock
  readonly #cut: Cut
  readonly #asked: Array<{ readonly request: FileRequest; readonly made: Promise<MadeFile | undefined> }> = []
  /** What the thread will be asked for next; undefined while it starts. */
  #next: FileRequest | undefined

  constructor(thread: FileMaker, clock: Clock, cut: Cut) {
    this.#thread = thread
    this.#clock = clock
    this.#cut = cut
  }

  /** The batch's next file as the thread made it; undefined when the thread was not asked for it or could not make it. */
  async take(wanted: FileRequest): Promise<MadeFile | undefined> {
    if (!this.#thread.isStarted) return undefined
    // The unit makes the one that is wanted by now itself, and the thread those behind it meanwhile.
    this.#next ??= this.#behind(wanted)
    this.#ask()
    const oldest = this.#asked[0]?.request
    if (oldest === undefined || oldest.afterSeq > wanted.afterSeq) return undefined
    // Somebody else has booked files, or one had nothing to pay and so no number: what was asked for is not what comes next.
    if (oldest.afterSeq < wanted.afterSeq || oldest.fileNo !== wanted.fileNo) {
      this.#asked.length = 0
      this.#next = wanted
      this.#ask()
    }
    const taken = this.#asked.shift()
    this.#ask()
    return await taken?.made
  }

  #ask(): void {
    while (this.#next !== undefined && this.#asked.length < filesAhead && this.#next.afterSeq < this.#cut.lineCount) {
      this.#asked.push({ request: this.#next, made: this.#thread.make(this.#next) })
      this.#next = this.#behind(this.#next)
    }
  }

  #behind({ batchId, afterSeq, fileNo }: FileRequest): FileRequest {
    const { maxRowsPerFile } = this.#cut
    return { batchId, afterSeq: afterSeq + maxRowsPerFile, fileNo: fileNo + 1, createdAtMs: this.#clock.now() }
  }
}
