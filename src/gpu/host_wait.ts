/**
 * Awaits a promise of the GPU. Browsers simply wait; in Node a pending promise of Dawn keeps the event loop
 * spinning, so its platform hands in a way that sleeps.
 */
export type HostWait = <T>(promise: Promise<T>) => Promise<T>;
