/** The part of XMLHttpRequest that is used. */
export type UploadRequest = Pick<
  XMLHttpRequest,
  'open' | 'send' | 'setRequestHeader' | 'upload' | 'addEventListener' | 'status' | 'responseText' | 'withCredentials'
>

/**
 * A `fetch` that tells how much of a body has left, which the browser's own does not. For bodies that take a while; rejects
 * like fetch when no answer comes.
 */
export function fetchWithProgress(
  openRequest: () => UploadRequest,
  onProgress: (sentBytes: number, totalBytes: number) => void,
): typeof globalThis.fetch {
  return (input, init) =>
    new Promise<Response>((resolve, reject) => {
      const request = openRequest()
      const fail = () => reject(new TypeError('no answer'))
      request.open(init?.method ?? 'GET', input instanceof Request ? input.url : input.toString())
      for (const [name, value] of new Headers(init?.headers)) request.setRequestHeader(name, value)
      request.upload.addEventListener('progress', ({ loaded, total }) => onProgress(loaded, total))
      request.addEventListener('error', fail)
      request.addEventListener('abort', fail)
      request.addEventListener('timeout', fail)
      request.addEventListener('load', () => {
        const { status } = request
        // A Response of 204 may hold no body, not even an empty one.
        resolve(new Response(status === 204 ? null : request.responseText, { status }))
      })
      request.send((init?.body ?? null) as XMLHttpRequestBodyInit | null)
    })
}
