// This module runs in browsers.

/**
 * Choices that somebody has made for the page.
 *
 * @module
 */

import type { Wanted } from "./announcer.ts";
import { kept } from "./kept.ts";

/** The choices that were made; those that do not exist have no effect. */
export interface Choices {
  theme: string;
  density: string;
  announce: Wanted;
}

/** Reads the choices that are kept. */
export function choices(): Choices {
  return {
    theme: kept("theme") ?? "auto",
    density: kept("density") ?? "comfortable",
    announce: (kept("announce") ?? "all") as Wanted,
  };
}
