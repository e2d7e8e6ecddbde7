// Builds the pages under server/web into server/web/dist, unless the built ones are newer than every source.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './setup.mjs'

/** The newest change under a folder, epoch ms. */
function newestMs(folder) {
  let newest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'dist' || entry.name === 'node_modules') continue
    const path = join(folder, entry.name)
    newest = Math.max(newest, entry.isDirectory() ? newestMs(path) : statSync(path).mtimeMs)
  }
  return newest
}

/** Puts a folder where another may stand, which goes. Of several processes that build at once the last one's pages stay. */
function moveIntoPlace(folder, place) {
  const old = `${folder}.old`
  for (;;) {
    if (existsSync(place)) {
      try {
        renameSync(place, old)
      } catch (error) {
        if (error.code !== 'ENOENT') throw error
      }
    }
    try {
      renameSync(folder, place)
      break
    } catch (error) {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    }
    rmSync(old, { recursive: true, force: true })
  }
  rmSync(old, { recursive: true, force: true })
}

/** Builds when a source is newer, or when the pages were built for another word (HUINONG_WORDING, see vite.config.ts). */
export async function buildWeb() {
  const wording = process.env.HUINONG_WORDING ?? ''
  const built = `${root}server/web/dist/.built`
  const config = `${root}.tools/vite.config.ts`
  const sources = Math.max(newestMs(`${root}server/web`), newestMs(`${root}shared`), statSync(config).mtimeMs)
  const isFresh = existsSync(built) && statSync(built).mtimeMs > sources && readFileSync(built, 'utf8') === wording
  if (isFresh) return
  console.error('Building the pages…')
  const { build } = await import('vite')
  // Whoever builds, tests included, builds what people get: without names of files and the warnings of development.
  const { NODE_ENV: kept } = process.env
  process.env.NODE_ENV = 'production'
  // Built aside and moved into place, so that whoever serves or reads the pages meanwhile finds all of them.
  const outDir = `${root}dist/web-${process.pid}`
  try {
    for (const mode of ['buyer', 'desks']) {
      await build({ configFile: config, mode, logLevel: 'warn', build: { outDir } })
    }
  } finally {
    if (kept === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = kept
  }
  writeFileSync(`${outDir}/.built`, wording)
  moveIntoPlace(outDir, `${root}server/web/dist`)
}
