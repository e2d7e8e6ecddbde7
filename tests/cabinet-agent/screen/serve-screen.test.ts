import { describe, expect, it } from 'vitest'
import { agentVersion } from '#cabinet-agent/agent-version.ts'
import { serveScreen } from '#cabinet-agent/screen/serve-screen.ts'
import { systemClock } from '#shared/time/system-clock.ts'

describe('the page on the cabinet', () => {
  it('follows the agent that it was loaded from, and is to be loaded anew when another version took its place', async () => {
    await using screen = await serveScreen({
      host: '127.0.0.1',
      port: 0,
      place: { code: 'YB-0001', buyerUrl: 'https://example.cn/c/YB-0001' },
      view: () => ({ stage: 'ready', isOnline: true, mayScan: true, lanes: [] }),
      clock: systemClock,
    })
    const typeOf = async (query: string) => {
      const response = await fetch(new URL(`/events?${query}`, screen.url))
      await response.body?.cancel()
      return response.headers.get('content-type')
    }
    const page = await (await fetch(screen.url)).text()

    expect(page).toContain(`data-agent="${agentVersion}"`)
    expect(await typeOf(`lang=zh&agent=${agentVersion}`)).toContain('text/event-stream')
    // What is no stream makes the page load itself again, also that of the first release, which names no version.
    expect(await typeOf('lang=zh&agent=0.0.1')).toContain('text/plain')
    expect(await typeOf('lang=zh')).toContain('text/plain')
  })
})
