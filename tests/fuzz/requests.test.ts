// The fuzz run of `npm run fuzz -- requests`, shorter.
import { describe, expect, it } from 'vitest'
import { openFuzzWorld } from './request-world.ts'
import { fuzzRequests } from './requests.ts'

describe('requests made from the contracts', { timeout: 180_000 }, () => {
  it('are done or refused, never a fault, and leave sound books', async () => {
    await using world = await openFuzzWorld()

    const tally = await fuzzRequests(world.send, {
      seed: 7,
      requests: 400,
      beforeEach: (index) => index % 10 === 0 && world.desk.clock.advance(60_000),
    })

    expect(tally.faults).toEqual([])
    expect(await world.findBroken()).toEqual([])
    // Most are refused, as they should be; a run in which nothing is done would show nothing. Ids differ from run to run.
    expect(tally.routesDone).toBeGreaterThan(60)
  })
})
