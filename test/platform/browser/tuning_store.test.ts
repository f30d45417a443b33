// Tuning tables in a real browser's IndexedDB: what one page writes, the next one reads.

import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium as launcher, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TuningStore } from "../../../src/tune/tuning_store.ts";
import { findChromium } from "../../golden/runner/chromium.ts";

const ROOT = join(import.meta.dirname, "../../..");
const chromium = await findChromium().catch(() => undefined);

declare global {
  interface Window {
    tuningStore: TuningStore;
  }
}

/** The store as a script that a page can run. */
async function bundledStore(): Promise<string> {
  const source = 'import { indexedDbTuningStore } from "./src/platform/browser/tuning_store.ts";';
  const { outputFiles } = await build({
    stdin: { contents: `${source} window.tuningStore = indexedDbTuningStore(indexedDB);`, resolveDir: ROOT },
    bundle: true,
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

describe.skipIf(!chromium)("tuning tables in IndexedDB (requires a Chromium)", () => {
  let server: Server;
  let browser: Browser;
  let script: string;
  beforeAll(async () => {
    script = await bundledStore();
    server = createServer((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>");
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { path = "", libraries } = chromium ?? {};
    const start = (env: NodeJS.ProcessEnv) => {
      return launcher.launch({ executablePath: path, args: ["--no-sandbox"], env: { ...env } });
    };
    browser = await start(process.env).catch(() => start({ ...process.env, LD_LIBRARY_PATH: libraries }));
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  it("come back in another page, and only under their name", async () => {
    const context = await browser.newContext();
    const open = async (): Promise<Page> => {
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
      await page.addScriptTag({ content: script });
      return page;
    };
    const first = await open();
    await first.evaluate(async () => {
      await window.tuningStore.write("a.json", "old");
      await window.tuningStore.write("a.json", "new");
    });
    await first.close();
    const second = await open();
    const read = await second.evaluate(async () => {
      const [a, b] = [await window.tuningStore.read("a.json"), await window.tuningStore.read("b.json")];
      return { a, isAbsent: b === undefined, place: window.tuningStore.placeOf("a.json") };
    });
    expect(read).toEqual({ a: "new", isAbsent: true, place: "IndexedDB weft/tuning/a.json" });
  });
});
