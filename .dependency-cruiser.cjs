// The import rules of ARCHITECTURE.md, one sentence each. Checked by `npm run check`.
/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Modules form a tree of reasons: no import cycles.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'shared-stands-alone',
      comment: 'shared holds contracts and values: it imports itself and zod, nothing else.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { pathNot: ['^shared/', '(^|/)node_modules/zod/'] },
    },
    {
      name: 'bridge-knows-only-shared',
      comment: 'firmware-bridge speaks to ports and boards and knows nothing of agents or servers.',
      severity: 'error',
      from: { path: '^firmware-bridge/' },
      to: { path: '^(cabinet-agent|server|tests)/' },
    },
    {
      name: 'agent-knows-not-the-server',
      comment: 'cabinet-agent meets the server only through the contracts in shared.',
      severity: 'error',
      from: { path: '^cabinet-agent/' },
      to: { path: '^(server|tests)/' },
    },
    {
      name: 'agent-sees-ports-not-drivers',
      comment:
        'cabinet-agent sees devices through firmware-bridge/ports; drivers are named only in its composition roots.',
      severity: 'error',
      from: {
        path: '^cabinet-agent/',
        pathNot: ['^cabinet-agent/(compose-[^/]+|main)\\.ts$', '^cabinet-agent/demo-fleet/'],
      },
      to: { path: '^firmware-bridge/', pathNot: '^firmware-bridge/ports/' },
    },
    {
      name: 'server-knows-only-shared',
      comment: 'server meets cabinets only through the contracts in shared.',
      severity: 'error',
      from: { path: '^server/' },
      to: { path: '^(firmware-bridge|cabinet-agent|tests)/' },
    },
    {
      name: 'web-is-a-client',
      comment: 'The pages are a client of the HTTP contracts: they import shared, never the server’s insides.',
      severity: 'error',
      from: { path: '^server/web/' },
      to: { path: '^server/(?!web/)' },
    },
    {
      name: 'stores-are-private',
      comment: 'A noun’s store.ts is private to the noun: other nouns call its use cases.',
      severity: 'error',
      from: { path: '^server/([^/]+)/' },
      to: { path: '^server/(?!$1/)[^/]+/store\\.ts$' },
    },
    {
      name: 'product-never-imports-tests',
      comment: 'The product never imports tests.',
      severity: 'error',
      from: { pathNot: '^tests/' },
      to: { path: '^tests/' },
    },
    {
      name: 'no-unresolved',
      comment: 'Every import resolves.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^dist/|^data/|server/web/dist/)' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.vue', '.mjs', '.js', '.json'],
    },
  },
}
