// Photos of lanes until the server has them: made small, and kept in the browser's database over a closed page and no network.

export interface KeptPhoto {
  readonly photoId: string
  readonly taskId: string
  readonly laneId: string
  readonly bytes: ArrayBuffer
}

const storeName = 'photos'
const longestSidePx = 1_280
const quality = 0.8

function settle<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('the browser keeps no photos')))
  })
}

async function openStore(window: Window, mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const request = window.indexedDB.open('huinong-restock', 1)
  request.addEventListener('upgradeneeded', () => {
    request.result.createObjectStore(storeName, { keyPath: 'photoId' })
  })
  return (await settle(request)).transaction(storeName, mode).objectStore(storeName)
}

export async function keepPhoto(window: Window, photo: KeptPhoto): Promise<void> {
  await settle((await openStore(window, 'readwrite')).put(photo))
}
export async function listKeptPhotos(window: Window): Promise<KeptPhoto[]> {
  return await settle<KeptPhoto[]>((await openStore(window, 'readonly')).getAll())
}
export async function dropPhoto(window: Window, photoId: string): Promise<void> {
  await settle((await openStore(window, 'readwrite')).delete(photoId))
}

/** A JPEG of at most 1280 pixels a side, far below what the server takes. Rejects what is no picture. */
export async function shrinkPhoto(document: Document, file: Blob): Promise<ArrayBuffer> {
  const picture = await createImageBitmap(file)
  const scale = Math.min(1, longestSidePx / Math.max(picture.width, picture.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(picture.width * scale))
  canvas.height = Math.max(1, Math.round(picture.height * scale))
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
  if (blob === null) throw new Error('no picture')
  return await blob.arrayBuffer()
}
