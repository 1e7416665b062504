/**
 * The browser of this machine. Where there is none, tests that need it are ignored, but not in CI.
 *
 * @module
 */

import type { Browser } from "playwright-core";
import "./ignore_unpermitted.ts";
import { findProgram } from "./permissions.ts";

/** Its path. */
export const CHROMIUM: string | undefined = findProgram(
  "chromium",
  "chromium-browser",
  "google-chrome",
);

/** Options for tests that need Chromium. Its driver keeps timers and streams of its own. */
export const NEEDS_CHROMIUM = {
  ignore: CHROMIUM === undefined,
  sanitizeOps: false,
  sanitizeResources: false,
};

/** Starts it without a window, with these flags besides; `await using` ends it. */
export async function launch(flags: string[] = []): Promise<Browser> {
  // It reads the environment when it is loaded.
  const { chromium } = await import("playwright-core");
  return await chromium.launch({
    ...CHROMIUM === undefined ? {} : { executablePath: CHROMIUM },
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", ...flags],
  });
}
