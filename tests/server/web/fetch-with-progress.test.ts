import { describe, expect, it } from 'vitest'
import { fetchWithProgress, type UploadRequest } from '#server/web/common/http/fetch-with-progress.ts'

/** A request that ends as the test says once it is sent. */
function answering(end: { status: number; text?: string } | 'error') {
  const listeners = new Map<string, () => void>()
  let onProgress: (event: { loaded: number; total: number }) => void = () => {}
  const seen = { headers: {} as Record<string, string>, opened: '', sent: undefined as unknown }
  const request = {
    status: end === 'error' ? 0 : end.status,
    responseText: end === 'error' ? '' : (end.text ?? ''),
    withCredentials: false,
    upload: { addEventListener: (_: string, listener: typeof onProgress) => (onProgress = listener) },
    open: (method: string, url: string) => (seen.opened = `${method} ${url}`),
    setRequestHeader: (name: string, value: string) => (seen.headers[name] = value),
    addEventListener: (name: string, listener: () => void) => listeners.set(name, listener),
    send(body: unknown) {
      seen.sent = body
      onProgress({ loaded: 2, total: 4 })
      onProgress({ loaded: 4, total: 4 })
      listeners.get(end === 'error' ? 'error' : 'load')?.()
    },
  }
  return { seen, open: () => request as unknown as UploadRequest }
}

describe('a fetch that tells its progress', () => {
  it('sends what fetch would and tells how much has left', async () => {
    const { seen, open } = answering({ status: 201, text: '{"a":1}' })
    const progress: string[] = []
    const fetch = fetchWithProgress(open, (sent, total) => progress.push(`${sent}/${total}`))
    const body = new Uint8Array([1, 2, 3, 4])

    const response = await fetch('/api/x', { method: 'POST', headers: { accept: 'application/json' }, body })

    expect(seen).toEqual({ opened: 'POST /api/x', headers: { accept: 'application/json' }, sent: body })
    expect(progress).toEqual(['2/4', '4/4'])
    expect([response.status, await response.json()]).toEqual([201, { a: 1 }])
  })

  it('answers with no body where there is none, and rejects when no answer comes', async () => {
    const empty = fetchWithProgress(answering({ status: 204 }).open, () => {})
    const gone = fetchWithProgress(answering('error').open, () => {})

    expect((await empty('/api/x')).status).toBe(204)
    await expect(gone('/api/x')).rejects.toThrow(TypeError)
  })
})
