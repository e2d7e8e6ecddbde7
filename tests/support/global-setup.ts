/** Runs once before all tests. Parts that need a shared service start it here and return its end. */
export default function globalSetup(): void {}
