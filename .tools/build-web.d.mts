/** Builds the pages unless the built ones are newer than every source. */
export function buildWeb(): Promise<void>
