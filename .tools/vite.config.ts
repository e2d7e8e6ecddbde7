import vue from '@vitejs/plugin-vue'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const fromRoot = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** `HUINONG_WORDING=relief` makes the pages say 扶贫 (the word of 2020); otherwise they say 帮扶. */
function setWording(): Plugin {
  const wording = process.env['HUINONG_WORDING'] === 'relief' ? 'relief' : 'support'
  return {
    name: 'set-wording',
    transformIndexHtml: (html) =>
      html.replace('name="huinong-wording" content="support"', `name="huinong-wording" content="${wording}"`),
  }
}

/**
 * zod ties the writing of JSON schemas and the sentences of its errors to every schema. The server uses both; the pages, which
 * only check replies and say everything in sentences of their own, would carry a tenth of their code for nothing. What such a
 * module exports stays there as functions that return nothing.
 */
function leaveOutOfZod(): Plugin {
  const unused = /\/zod\/v4\/(core\/(json-schema-processors|to-json-schema)|locales\/en)\.js$/
  return {
    name: 'leave-out-of-zod',
    load(id) {
      if (!unused.test(id)) return null
      const names = readFileSync(id, 'utf8').matchAll(/^export (?:const|function) (\w+)/gm)
      const emptied = [...names].map(([, name]) => `export function ${name}() {}`)
      return [...emptied, 'export default () => ({})'].join('\n')
    },
  }
}

/**
 * Tells Chromium that the functions of a phone's first scripts are all wanted at once: it compiles them while they come in, beside the
 * thread that draws the page, and not each when it is called first. To other browsers it is a comment.
 */
function compileWhileLoading(): Plugin {
  return {
    name: 'compile-while-loading',
    // It counts only where nothing stands before it, what vite writes last included.
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const file of Object.values(bundle))
          if (file.type === 'chunk' && (file.isEntry || file.name === 'common'))
            file.code = `//# allFunctionsCalledOnLoad\n${file.code}`
      },
    },
  }
}

/** Writes .br and .gz beside every file worth it; the server sends what the browser takes. */
function compressBeside(): Plugin {
  const smallestBytes = 1_024
  return {
    name: 'compress-beside',
    apply: 'build',
    writeBundle(output, bundle) {
      for (const [name, file] of Object.entries(bundle)) {
        const content = Buffer.from(file.type === 'chunk' ? file.code : file.source)
        if (content.length < smallestBytes || !/\.(js|css|svg|html)$/.test(name)) continue
        const path = join(output.dir ?? '', name)
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
      }
    },
  }
}

/** What the contracts call their schemas: one made from another, as in `Place.optional()`, has no effect either. */
function schemaNames(): string[] {
  const folder = fromRoot('shared')
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  return sources.flatMap((path) => {
    const text = readFileSync(join(folder, path), 'utf8')
    return [...text.matchAll(/^(?:export )?const (\w+) = (?:z|[A-Z]\w*)\b/gm)].map(([, name = '']) => name)
  })
}

const anyOf = (...parts: readonly string[]) => new RegExp(parts.join('|'))

/** What the buyer's entry shares with the pages behind it. */
const shared = anyOf(
  '/node_modules/(@vue|vue|vue-router|zod)/',
  'preload-helper|export-helper|zod-without-eval',
  '/shared/(ids|time|units)/|/contracts/(mqtt/(lane|twin)\\.|http/(route|me|shelf|open-cabinet)\\.)',
  '/web/common/(account|drawings|http|i18n|parts|style)/(?!.*(-english|qr-code|sign-in))',
  '/web/common/(?!receipt-split)[\\w-]+\\.ts',
  '/web/buyer/(session|i18n)/(?!.*(-english|session-feed))',
)

/**
 * Audiences that are built together share their chunks. A phone's is built alone, or it would carry what only a desk uses of
 * the libraries.
 */
const audiences: Readonly<Record<string, readonly string[]>> = {
  buyer: ['buyer'],
  desks: ['admin', 'farmer', 'restock', 'disclosure', 'virtual-cabinet'],
}

/**
 * Builds the pages of the audiences that `mode` names: one HTML entry each, `server/web/dist/<audience>/index.html`, with
 * hashed files under /assets. Nothing is inlined into HTML and no data URI is made, so the pages run under a content security
 * policy without `unsafe-inline` or `unsafe-eval`.
 */
export default defineConfig(({ mode }) => ({
  root: fromRoot('server/web'),
  base: '/',
  publicDir: fromRoot('server/web/public'),
  plugins: [
    vue({ features: { optionsAPI: false } }),
    setWording(),
    leaveOutOfZod(),
    ...(mode === 'buyer' ? [compileWhileLoading()] : []),
    compressBeside(),
  ],
  resolve: {
    // Schemas must not probe for `new Function`, which the policy reports as a violation.
    alias: [{ find: /^zod$/, replacement: fromRoot('server/web/common/http/zod-without-eval.ts') }],
  },
  build: {
    // One folder for all audiences: `.tools/build-web.mjs` says which, and moves it to server/web/dist.
    emptyOutDir: false,
    assetsInlineLimit: 0,
    target: ['es2022', 'chrome100', 'safari15.4', 'firefox100'],
    chunkSizeWarningLimit: 900,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: Object.fromEntries(
        (audiences[mode] ?? []).map((audience) => [audience, fromRoot(`server/web/${audience}/index.html`)]),
      ),
      // Each file more is a wait more on a phone's network, which asks for six at a time.
      ...(mode === 'buyer' ? { output: { codeSplitting: { groups: [{ name: 'common', test: shared }] } } } : {}),
      treeshake: {
        // Building a schema has no effect but its value, so a page carries only the schemas it uses.
        manualPureFunctions: ['z', 'defineRoute', 'pageOf', 'configFields', ...schemaNames()],
      },
    },
  },
}))
