// Whom a cabinet obeys, by the lists that it is told: whoever tells them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newestTrusted } from '#cabinet-agent/enrolment/key-lists.ts'
import { obeyedKeys, type CommandKeyList } from '#shared/contracts/mqtt/command-keys.ts'
import { makeSigner, rotationOf, signedList } from '#tests/support/command-key-chain.ts'

const [first, second, third, thief] = [makeSigner(), makeSigner(), makeSigner(), makeSigner()]
const enrolled = { serverPublicKeys: [first.publicKey] }
const rotation = rotationOf(first, second)
const holding = (commandKeys: CommandKeyList) => ({ serverPublicKeys: obeyedKeys(commandKeys), commandKeys })

describe('a cabinet told of the server’s keys', () => {
  it('follows the chain to its end in one go, in whatever order, after any absence', () => {
    const later = [
      signedList(4, { present: second, next: third }, second),
      signedList(5, { present: third, previous: second }, third),
    ]

    fc.assert(
      fc.property(fc.shuffledSubarray([...rotation.all, ...later], { minLength: 5 }), (offered) => {
        expect(newestTrusted(enrolled, offered)).toEqual(later[1])
      }),
    )
    expect(newestTrusted(holding(rotation.prepared), [...rotation.all, ...later])).toEqual(later[1])
  })

  it('takes no list again that it is past, nor one with the number it holds', () => {
    const held = holding(rotation.ended)

    expect(newestTrusted(held, rotation.all)).toBeUndefined()
    expect(newestTrusted(held, [signedList(3, { present: second, previous: first }, second)])).toBeUndefined()
    expect(newestTrusted(held, [signedList(3, { present: second, previous: first }, first)])).toBeUndefined()
  })

  it('takes no list of a stranger, nor one changed on the way, and passes over them to the true one', () => {
    const changed = { ...rotation.prepared, next: thief.publicKey }
    const forged = signedList(1, { present: thief }, thief)

    expect(newestTrusted(enrolled, [changed, forged])).toBeUndefined()
    expect(newestTrusted(enrolled, [changed, forged, ...rotation.all])).toEqual(rotation.ended)
    expect(newestTrusted(enrolled, [{ ...rotation.prepared, signature: 'nonsense' }])).toBeUndefined()
  })

  it('lets the thief of the present key name no heir once a next one is known', () => {
    const held = holding(rotation.prepared)
    const takeover = signedList(2, { present: thief }, first)
    const stolen = signedList(2, { present: second }, second)

    expect(newestTrusted(held, [takeover])).toBeUndefined()
    expect(newestTrusted(held, [takeover, stolen])).toEqual(stolen)
  })

  it('does not take the word of a key that it let go', () => {
    const held = holding(rotation.ended)

    expect(newestTrusted(held, [signedList(4, { present: first }, first)])).toBeUndefined()
    expect(newestTrusted(holding(rotation.rotated), [signedList(4, { present: first }, first)])).toBeUndefined()
  })
})
