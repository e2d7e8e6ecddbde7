// What the product is made of: every package is pinned, carries the hash it was first seen with and a licence that lets us
// ship it; the bill of materials of what runs in production goes to dist/sbom.cdx.json; known holes are asked for where the
// registry answers.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { root } from './setup.mjs'

/** Licences that ask no more of whoever ships a product than to name them; MPL-2.0 also that changes to its own files are open. */
const free = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'MIT-0', 'MPL-2.0']
const allowed = new Set(free)
const bomFile = `${root}dist/sbom.cdx.json`

const readJson = (file) => JSON.parse(readFileSync(`${root}${file}`, 'utf8'))
const npm = (...words) =>
  spawnSync('npm', words, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 60_000 })

/** `(MIT OR WTFPL)` is a choice: one allowed licence of it is enough. */
const isAllowed = (licence = '') =>
  licence
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((one) => allowed.has(one.trim()))

function findFaults() {
  const { dependencies, devDependencies } = readJson('package.json')
  const ranges = Object.entries({ ...dependencies, ...devDependencies })
    .filter(([, version]) => !/^\d/.test(version))
    .map(([name, version]) => `${name}: ${version} is a range, not a version`)
  const locked = Object.entries(readJson('package-lock.json').packages).filter(([path]) => path !== '')
  const unhashed = locked.filter(([, { integrity }]) => !/^sha(512|384|256)-/.test(integrity ?? ''))
  const unlicensed = locked.filter(([, { dev, devOptional, license }]) => !dev && !devOptional && !isAllowed(license))
  return [
    ...ranges,
    ...unhashed.map(([path]) => `${path}: the lock file has no hash of it`),
    ...unlicensed.map(([path, { license }]) => `${path}: licence ${license ?? 'unknown'} is not on the list`),
  ]
}

function writeBillOfMaterials() {
  const made = npm('sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--package-lock-only')
  if (made.status !== 0) return [`npm sbom: ${made.stderr.trim()}`]
  mkdirSync(`${root}dist`, { recursive: true })
  writeFileSync(bomFile, made.stdout)
  console.log(`${JSON.parse(made.stdout).components.length} packages in production: ${bomFile.slice(root.length)}`)
  return []
}

/** High and critical advisories of what runs in production. A registry without the question's answer is said, not failed. */
function findAdvisories() {
  const asked = npm('audit', '--omit=dev', '--json')
  let report
  try {
    report = JSON.parse(asked.stdout)
  } catch {
    report = {}
  }
  if (report.vulnerabilities === undefined) {
    console.log('Known holes: the registry does not answer that question here.')
    return []
  }
  const bad = Object.values(report.vulnerabilities).filter(({ severity }) => ['high', 'critical'].includes(severity))
  console.log(`Known holes: ${Object.keys(report.vulnerabilities).length}, ${bad.length} of them high or critical.`)
  return bad.map(({ name, severity, range }) => `${name} ${range}: ${severity}`)
}

const faults = [...findFaults(), ...writeBillOfMaterials(), ...findAdvisories()]
for (const fault of faults) console.error(fault)
process.exit(faults.length === 0 ? 0 : 1)
