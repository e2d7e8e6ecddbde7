import vue from '@vitejs/plugin-vue'
import { writeFileSync } from 'node:fs'
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

/**
 * Builds the pages: one HTML entry per audience, `server/web/dist/<audience>/index.html`, with hashed files under
 * /assets. Nothing is inlined into HTML and no data URI is made, so the pages run under a content security policy
 * without `unsafe-inline` or `unsafe-eval`.
 */
export default defineConfig({
  root: fromRoot('server/web'),
  base: '/',
  publicDir: fromRoot('server/web/public'),
  plugins: [vue({ features: { optionsAPI: false } }), setWording(), compressBeside()],
  resolve: {
    // Schemas must not probe for `new Function`, which the policy reports as a violation.
    alias: [{ find: /^zod$/, replacement: fromRoot('server/web/common/http/zod-without-eval.ts') }],
  },
  build: {
    outDir: fromRoot('server/web/dist'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: ['es2022', 'chrome100', 'safari15.4', 'firefox100'],
    chunkSizeWarningLimit: 900,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: {
        buyer: fromRoot('server/web/buyer/index.html'),
        admin: fromRoot('server/web/admin/index.html'),
        farmer: fromRoot('server/web/farmer/index.html'),
        disclosure: fromRoot('server/web/disclosure/index.html'),
        'virtual-cabinet': fromRoot('server/web/virtual-cabinet/index.html'),
      },
      treeshake: {
        // Building a schema has no effect but its value, so a page carries only the schemas it uses.
        manualPureFunctions: ['z', 'defineRoute', 'pageOf', 'PageQuery', 'PlanogramLane', 'CabinetConfig'],
      },
    },
  },
})
