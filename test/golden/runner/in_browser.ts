// `npm run golden -- DIR --browser`: a local server hands out the page's bundle and the cases, headless Chromium runs
// them.

import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { messageOf, WeftError } from "../../../src/base/errors.ts";
import type { KernelsOption } from "../../../src/cli/options.ts";
import { sayField } from "../../../src/cli/terminal.ts";
import type { CaseFile } from "./case_files.ts";
import { type FoundChromium, findChromium } from "./chromium.ts";
import type {} from "./page.ts";
import type { CaseOutcome } from "./run_case.ts";

/** Built beside this program's own bundle (golden.mjs). */
const SCRIPT = "golden_page.js";
const PAGE = `<!doctype html><meta charset="utf-8"><title>golden cases</title><script type="module" src="${SCRIPT}"></script>`;
/** Headless Chromium has WebGPU by SwiftShader only, and only when asked; elsewhere the GPU serves. */
const WEBGPU_SWITCHES =
  process.platform === "linux"
    ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--no-sandbox"]
    : ["--enable-unsafe-webgpu"];
/** A large network compiles for minutes on a CPU. */
const CASE_PATIENCE_MS = 15 * 60_000;

/** Runs the cases in their order and reports each. @throws WeftError where no browser can be started. */
export async function runCasesInBrowser(
  cases: readonly CaseFile[],
  { kernels }: KernelsOption,
  report: (file: CaseFile, outcome: CaseOutcome) => void,
): Promise<void> {
  const chromium = await findChromium();
  const server = await serve(cases);
  let browser: Browser | undefined;
  try {
    browser = await launch(chromium);
    const { port } = server.address() as { port: number };
    const openPage = () => openGoldenPage(browser as Browser, `http://127.0.0.1:${port}/`);
    let page = await openPage();
    sayField("browser", `${chromium.path} (${chromium.origin}), Chromium ${browser.version()}`);
    const openDevice = () => page.evaluate((family) => window.goldenPage.open(family), kernels);
    sayField("adapter", await openDevice());
    for (const [index, file] of cases.entries()) {
      try {
        report(file, await runInPage(page, index, file.path));
      } catch (thrown) {
        report(file, { status: "failed", message: messageOf(thrown).split("\n")[0] ?? "" });
        await page.close().catch(() => {});
        page = await openPage();
        await openDevice();
      }
    }
  } finally {
    await browser?.close();
    server.close();
    server.closeAllConnections();
  }
}

function runInPage(page: Page, index: number, path: string): Promise<CaseOutcome> {
  return page.evaluate((job) => window.goldenPage.run(job.index, job.path), { index, path });
}

async function openGoldenPage(browser: Browser, address: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(CASE_PATIENCE_MS);
  await page.goto(address);
  await page.waitForFunction(() => "goldenPage" in window);
  return page;
}

async function launch({ path, libraries }: FoundChromium): Promise<Browser> {
  const { chromium } = await import("playwright-core").catch(() => {
    throw new WeftError("--browser needs the npm package playwright-core; npm ci installs it");
  });
  const start = (env: Record<string, string | undefined>) => {
    return chromium.launch({ executablePath: path, args: [...WEBGPU_SWITCHES], env });
  };
  try {
    return await start(process.env).catch((thrown: unknown) => {
      if (libraries === undefined) throw thrown;
      return start({ ...process.env, LD_LIBRARY_PATH: libraries });
    });
  } catch (thrown) {
    const [reason] = messageOf(thrown).split("\n");
    throw new WeftError(`${path}: Chromium does not start (${reason}). CHROME_PATH may name another.`);
  }
}

/** Serves page, script, cases and the files beside cases, on this machine only. */
function serve(cases: readonly CaseFile[]): Promise<Server> {
  const fileOf = (address: string): string | undefined => {
    if (address === `/${SCRIPT}`) return fileURLToPath(new URL(SCRIPT, import.meta.url));
    const [, kind, index = "", name] = address.split("/");
    const found = cases[Number(index)];
    if (!found) return undefined;
    if (kind === "case") return found.path;
    if (kind !== "beside" || !name) return undefined;
    const folder = resolve(dirname(found.path));
    const path = resolve(folder, decodeURIComponent(name));
    return path.startsWith(folder) ? path : undefined;
  };
  const server = createServer(async (request, response) => {
    const address = (request.url ?? "/").split("?")[0] ?? "/";
    if (address === "/") {
      response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
      return;
    }
    const path = fileOf(address);
    const content = path === undefined ? undefined : await readFile(path).catch(() => undefined);
    if (!content) {
      response.writeHead(404, { "content-type": "text/plain" }).end("no such file");
      return;
    }
    const type = address.endsWith(".js") ? "text/javascript" : "application/octet-stream";
    response.writeHead(200, { "content-type": type }).end(content);
  });
  return new Promise((ready, failed) => {
    server.once("error", failed);
    server.listen(0, "127.0.0.1", () => ready(server));
  });
}
