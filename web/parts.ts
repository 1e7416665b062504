// This module runs in browsers.

/// <reference lib="dom" />
/**
 * Parts of the page that are loaded when they are first used. Each is a script of its own, with
 * copies of the few functions that it shares with the others.
 *
 * @module
 */

import { button, h } from "./dom.ts";

/** A part, as a place shows it. */
interface Part {
  elements: HTMLElement[];
  style: CSSStyleSheet;
}

/** The scripts that are loaded, or are on their way. */
const scripts = new Map<string, Promise<unknown>>();

/** Attempts to load something: a browser may keep in mind that an address has failed. */
let attempts = 0;

/** Loads the script of the panel. */
export function loadPanel(): Promise<typeof import("./panel.ts")> {
  return load("?panel.js");
}

/** Loads the script of the search. */
export function loadSearch(): Promise<typeof import("./search.ts")> {
  return load("?search.js");
}

/** Loads the script of menus and moderation. */
export function loadActions(): Promise<typeof import("./actions.ts")> {
  return load("?actions.js");
}

/** Loads the script for several tabs. */
export function loadTabs(): Promise<typeof import("./tabs.ts")> {
  return load("?tabs.js");
}

/**
 * Fills a place with a part once it is loaded. Where that fails, the place says so, and offers to try
 * again.
 */
export async function fill<Some extends Part>(
  place: HTMLElement,
  make: () => Promise<Some>,
  made: (part: Some) => void,
): Promise<void> {
  place.replaceChildren(h("p", {}, "Loading…"));
  try {
    const part = await make();
    wear(place, part.style);
    place.replaceChildren(...part.elements);
    made(part);
  } catch {
    place.replaceChildren(
      h("p", { role: "alert" }, "This part of the page did not load."),
      button("Try again", () => {
        // The button goes: whoever has pressed it stays in its place.
        place.focus();
        fill(place, make, made);
      }),
    );
  }
}

/** Gives the tree of an element a style, once. */
export function wear(element: Element, style: CSSStyleSheet): void {
  // An element that was taken out while a part was loaded has no tree to wear it.
  const { adoptedStyleSheets: styles } = element.getRootNode() as Partial<ShadowRoot>;
  if (styles?.includes(style) === false) styles.push(style);
}

/** The server replaces the name by one that changes with what is in the file. */
function load<Script>(name: string): Promise<Script> {
  let script = scripts.get(name);
  if (script === undefined) {
    script = import(new URL(`${name}#${attempts++}`, import.meta.url).href);
    scripts.set(name, script);
    script.catch(() => scripts.delete(name));
  }
  return script as Promise<Script>;
}
