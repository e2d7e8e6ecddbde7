/** Writes dist/<name>.mjs (or .bundle.mjs, the production file, when whole) and returns its path. A release has its version. */
export function bundleEntry(entry: string, options?: { isWhole?: boolean; agentVersion?: string }): Promise<string>

/** Flags of Node.js for an agent's whole bundle. */
export const productionFlags: readonly string[]
