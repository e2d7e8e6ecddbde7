/** Resolves when the browser has drawn what stands there now: on a slow phone, what may wait lets it draw first. */
export function afterNextFrame(window: Window): Promise<void> {
  return new Promise((resolve) => {
    window.requestAnimationFrame(() => window.setTimeout(resolve))
  })
}
