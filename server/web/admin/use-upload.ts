import { inject, type InjectionKey } from 'vue'
import type { Call } from '../common/http/call.ts'

/** Makes a caller that tells how many bytes of a body have left, for files that take a while. */
export type CallWithProgress = (onProgress: (sentBytes: number, totalBytes: number) => void) => Call

/** Provided by the composition root. */
export const uploadKey: InjectionKey<CallWithProgress> = Symbol('call with progress')

export function useUpload(): CallWithProgress {
  const upload = inject(uploadKey)
  if (upload === undefined) throw new Error('No upload: the composition root must provide one.')
  return upload
}
