// Merkle trees as in RFC 6962, section 2.1: SHA-256 with a prefix for leaves and another for nodes, so that neither can be passed
// off as the other; a tree of n leaves splits at the largest power of two below n. Pure.
import { createHash } from 'node:crypto'

const leafPrefix = Buffer.of(0)
const nodePrefix = Buffer.of(1)
const sha256 = (...parts: readonly Buffer[]) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

export function hashLeaf(data: string): Buffer {
  return sha256(leafPrefix, Buffer.from(data, 'utf8'))
}

const hashNode = (left: Buffer, right: Buffer) => sha256(nodePrefix, left, right)

/**
 * Every level of the tree from the leaves up, the root alone in the last. A node without a sibling moves up as it is, which
 * gives the same root as splitting at the largest power of two.
 */
export type MerkleTree = ReadonlyArray<readonly Buffer[]>

export function buildTree(leafHashes: readonly Buffer[]): MerkleTree {
  const levels: Array<readonly Buffer[]> = [leafHashes]
  for (let level = leafHashes; level.length > 1; levels.push(level)) {
    const below = level
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, index) => {
      const [left, right] = [below[2 * index], below[2 * index + 1]]
      if (left === undefined) throw new RangeError('a level has gaps')
      return right === undefined ? left : hashNode(left, right)
    })
  }
  return levels
}

/** The root; of an empty tree the hash of nothing. */
export function rootOf(tree: MerkleTree): Buffer {
  return tree.at(-1)?.[0] ?? sha256()
}

/**
 * The root of leaves that come one after the other, keeping only the tops of the whole subtrees so far, which are as many as the
 * count has bits.
 */
export class RunningRoot {
  /** From the largest to the smallest, each over 2^height leaves. */
  readonly #tops: Array<{ readonly hash: Buffer; readonly height: number }> = []

  add(leafHash: Buffer): void {
    let top = { hash: leafHash, height: 0 }
    for (let left = this.#tops.at(-1); left?.height === top.height; left = this.#tops.at(-1)) {
      this.#tops.pop()
      top = { hash: hashNode(left.hash, top.hash), height: top.height + 1 }
    }
    this.#tops.push(top)
  }

  get root(): Buffer {
    const hashes = this.#tops.map(({ hash }) => hash)
    return hashes.length === 0 ? sha256() : hashes.reduceRight((right, left) => hashNode(left, right))
  }
}

/** The siblings on the way from a leaf to the root (RFC 6962, 2.1.1), nearest first. */
export function inclusionPath(tree: MerkleTree, leafIndex: number): Buffer[] {
  const path: Buffer[] = []
  let index = leafIndex
  for (const level of tree.slice(0, -1)) {
    const sibling = level[index % 2 === 0 ? index + 1 : index - 1]
    if (sibling !== undefined) path.push(sibling)
    index = Math.floor(index / 2)
  }
  return path
}
