import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildTree, hashLeaf, inclusionPath, rootOf, RunningRoot } from '#server/disclosure/merkle.ts'

const node = (left: Buffer, right: Buffer) =>
  createHash('sha256').update(Buffer.of(1)).update(left).update(right).digest()

/** RFC 6962, 2.1, word for word. */
function rootByDefinition(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves
  if (only === undefined) return createHash('sha256').digest()
  if (leaves.length === 1) return only
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return node(rootByDefinition(leaves.slice(0, split)), rootByDefinition(leaves.slice(split)))
}

/** RFC 6962, 2.1.1. */
function pathByDefinition(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return []
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split
    ? [...pathByDefinition(index, left), rootByDefinition(right)]
    : [...pathByDefinition(index - split, right), rootByDefinition(left)]
}

const leavesOf = (count: number) => Array.from({ length: count }, (_, index) => hashLeaf(`leaf ${index}`))

describe('a Merkle tree', () => {
  it('has the root and the paths of RFC 6962 at every size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 130 }), fc.nat(), (count, pick) => {
        const leaves = leavesOf(count)
        const tree = buildTree(leaves)
        expect(rootOf(tree)).toEqual(rootByDefinition(leaves))
        const running = new RunningRoot()
        for (const leaf of leaves) running.add(leaf)
        expect(running.root).toEqual(rootByDefinition(leaves))
        if (count === 0) return
        const index = pick % count
        expect(inclusionPath(tree, index)).toEqual(pathByDefinition(index, leaves))
      }),
    )
  })

  it('gives the known values of Certificate Transparency', () => {
    const hexLeaves = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ]
    const leaves = hexLeaves.map((hex) =>
      createHash('sha256').update(Buffer.of(0)).update(Buffer.from(hex, 'hex')).digest(),
    )

    expect(rootOf(buildTree([])).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
    expect(rootOf(buildTree(leaves.slice(0, 1))).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    )
    expect(rootOf(buildTree(leaves)).toString('hex')).toBe(
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    )
  })
})
