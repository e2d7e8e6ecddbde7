// `node .tools/agent-bundle.mjs 0.2.0`: bundles the agent as a release of this version and prints the file's path. An admin
// hands it in at `POST /api/agent-releases/0.2.0`; a roll-out then brings it to the cabinets.
import { setUp } from './setup.mjs'

const [version = ''] = process.argv.slice(2)
if (!/^\d{1,4}\.\d{1,4}\.\d{1,4}$/.test(version)) {
  console.error('Which version? Such as 0.2.0')
  process.exit(2)
}
setUp()
const { bundleEntry } = await import('./bundle.mjs')
console.log(await bundleEntry('cabinet-agent/main.ts', { isWhole: true, agentVersion: version }))
