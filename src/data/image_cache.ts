// Decoded images kept in memory up to a budget, so that later epochs need not decode them again.

const DEFAULT_BUDGET_BYTES = 256 * 1024 * 1024;

/**
 * Decoded images by name. What is in stays in: an epoch visits every image once in a new order, so
 * evicting would only throw out what is needed just as soon as what replaces it.
 */
export class ImageCache {
  private readonly images = new Map<string, Uint8Array>();
  private held = 0;

  constructor(private readonly budgetBytes: number = DEFAULT_BUDGET_BYTES) {}

  /** Bytes of all images held. */
  get heldBytes(): number {
    return this.held;
  }

  /** The image's bytes, or undefined if it is not held. */
  get(name: string): Uint8Array | undefined {
    return this.images.get(name);
  }

  /** Keeps the image where the budget allows it. The bytes must not change afterwards. */
  offer(name: string, bytes: Uint8Array): void {
    if (this.images.has(name) || this.held + bytes.byteLength > this.budgetBytes) return;
    this.images.set(name, bytes);
    this.held += bytes.byteLength;
  }
}
