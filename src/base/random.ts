// Counter-based random numbers: element i of stream `key` is a pure function of (seed, key, i), so any value can be
// drawn again without stored state, on the host and, with the same hash, in WGSL. The mixer is lowbias32 by Chris
// Wellons, https://nullprogram.com/blog/2018/07/31/.

/** Mixes 32 bits so that every input bit reaches every output bit. */
export function mix32(value: number): number {
  let z = value >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x7feb352d);
  z = Math.imul(z ^ (z >>> 15), 0x846ca68b);
  return (z ^ (z >>> 16)) >>> 0;
}

/** FNV-1a, 32 bits, of the text's UTF-8 bytes: turns a name into a stream key. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

/** A seeded stream of numbers. Two streams of one seed with different names are independent. */
export class RandomStream {
  private counter = 0;
  private readonly key: number;

  constructor(seed: number, name: string) {
    this.key = mix32(mix32(seed >>> 0) ^ hashName(name));
  }

  /** The next 32 random bits. */
  nextUint32(): number {
    this.counter = (this.counter + 0x9e3779b9) >>> 0;
    return mix32(mix32(this.counter ^ this.key) + this.key);
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.nextUint32() / 4294967296;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** An integer in [0, count). */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** Normal with mean 0 and standard deviation 1 (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** One element of a list. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("pick: the list is empty");
    return item;
  }

  /** The list in a new random order (Fisher and Yates); the argument is not changed. */
  shuffled<T>(items: readonly T[]): T[] {
    const order = [...items];
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j] as T, order[i] as T];
    }
    return order;
  }
}
