/**
 * Awaits a promise of the GPU. Browsers simply wait. In Node a pending promise of Dawn keeps the event loop spinning,
 * so the platform passes in a way to wait that sleeps.
 */
export type HostWait = <T>(promise: Promise<T>) => Promise<T>;
