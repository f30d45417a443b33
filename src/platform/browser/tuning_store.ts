// Tuning tables in a browser's IndexedDB: they stay with the page's origin until its data is cleared.

import type { TuningStore } from "../../tune/tuning_store.ts";

const DATABASE = "weft";
const STORE = "tuning";
const DATABASE_VERSION = 1;

/** The tables of the page's origin. @param factory `indexedDB`. */
export function indexedDbTuningStore(factory: IDBFactory): TuningStore {
  return {
    placeOf: (name) => `IndexedDB ${DATABASE}/${STORE}/${name}`,
    async read(name) {
      const found: unknown = await inStore(factory, "readonly", (store) => store.get(name));
      return typeof found === "string" ? found : undefined;
    },
    async write(name, text) {
      await inStore(factory, "readwrite", (store) => store.put(text, name));
    },
  };
}

/** What tables measured in this browser hold for: its name and version, as it gives them itself. */
export function browserImplementation({ userAgent }: Pick<Navigator, "userAgent">): string {
  return userAgent;
}

/** Runs one request in a transaction of its own; resolves when that is complete, and so durable. */
async function inStore<T>(
  factory: IDBFactory,
  mode: IDBTransactionMode,
  request: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await openDatabase(factory);
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const made = request(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(made.result);
      transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB gave up"));
    });
  } finally {
    database.close();
  }
}

function openDatabase(factory: IDBFactory): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = factory.open(DATABASE, DATABASE_VERSION);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error ?? new Error("IndexedDB cannot be opened"));
  });
}
