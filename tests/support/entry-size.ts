// What the HTML of one audience loads before anything is chosen on it: scripts, what they import, and styles.
import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** A bundled caller, such as a bench, is told where the checkout is. */
const root = process.env['HUINONG_ROOT'] ?? fileURLToPath(new URL('../..', import.meta.url))

/** Of the pages as they were built; `bytes` gzipped, as the build wrote them beside the files. */
export async function measureEntry(entry: string): Promise<{ files: number; bytes: number }> {
  const dist = `${root}/server/web/dist`
  const html = await readFile(`${dist}/${entry}/index.html`, 'utf8')
  const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file ?? '')
  const sizes = await Promise.all(files.map((file) => gzippedBytes(dist + file)))
  return { files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

/** A file too small to be worth it is sent as it is. */
async function gzippedBytes(file: string): Promise<number> {
  const packed = await stat(`${file}.gz`).catch(() => stat(file))
  return packed.size
}
