// Dragging with a pointer (mouse, pen or finger): a thing is lifted, follows the pointer, and is dropped on the place
// under it that says it takes things (`data-drop`). A press without movement is a click and stays one.
import { shallowRef, type ShallowRef } from 'vue'

export interface Dragged<T> {
  readonly thing: T
  readonly xPx: number
  readonly yPx: number
  /** The `data-drop` of the place under the pointer. */
  readonly over: string | undefined
}

export interface Drag<T> {
  readonly dragged: ShallowRef<Dragged<T> | undefined>
  /** For `pointerdown` on something that can be dragged. */
  lift(event: PointerEvent, thing: T): void
  /** True right after a drop: the click that follows belongs to the drag. */
  takeClick(): boolean
}

const farEnoughPx = 6

function placeUnder(document: Document, xPx: number, yPx: number): string | undefined {
  const place = document.elementFromPoint(xPx, yPx)?.closest('[data-drop]')
  return place?.getAttribute('data-drop') ?? undefined
}

export function createDrag<T>(window: Window, onDrop: (thing: T, place: string) => void): Drag<T> {
  const dragged = shallowRef<Dragged<T>>()
  let hasDragged = false

  function lift(event: PointerEvent, thing: T) {
    if (event.button !== 0) return
    hasDragged = false
    const { clientX: startXPx, clientY: startYPx, pointerId } = event
    const move = (next: PointerEvent) => {
      if (next.pointerId !== pointerId) return
      const distancePx = Math.hypot(next.clientX - startXPx, next.clientY - startYPx)
      if (dragged.value === undefined && distancePx < farEnoughPx) return
      hasDragged = true
      next.preventDefault()
      const over = placeUnder(window.document, next.clientX, next.clientY)
      dragged.value = { thing, xPx: next.clientX, yPx: next.clientY, over }
    }
    const end = (last: PointerEvent) => {
      if (last.pointerId !== pointerId) return
      window.removeEventListener('pointermove', move)
      window.removeEventListener('pointerup', end)
      window.removeEventListener('pointercancel', end)
      const over = dragged.value?.over
      dragged.value = undefined
      if (last.type === 'pointerup' && over !== undefined) onDrop(thing, over)
    }
    window.addEventListener('pointermove', move, { passive: false })
    window.addEventListener('pointerup', end)
    window.addEventListener('pointercancel', end)
  }
  return {
    dragged,
    lift,
    takeClick() {
      const was = hasDragged
      hasDragged = false
      return was
    },
  }
}
