// This module runs in browsers.

/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The little markup that messages have: code, bold, italic, quotes and links. Each part of a text
 * is looked at once, and becomes an element with text in it.
 *
 * @module
 */

import { h } from "./dom.ts";

/** A part of a line. */
export type Inline =
  | string
  | { type: "code" | "b" | "i"; text: string }
  | { type: "link"; text: string; href: string };

/** A part of a message. */
export type Block =
  | { type: "text" | "quote"; lines: Inline[][] }
  | { type: "code"; text: string };

/** The characters of an address that can be its last one. */
const AT_END = /[\p{L}\p{N}/_~#=&%@$*+-]$/u;

const INLINE =
  /`([^`]+)`|\*\*([^\s*](?:[^*]*[^\s*])?)\*\*|(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])|(?<!\w)_([^\s_](?:[^_]*[^\s_])?)_(?!\w)|(?<![\w@])(?:https?:\/\/|mailto:)[^\s<>"`]+/gi;

/** The most characters of a line that are looked at; what is longer is shown as it is. */
const MOST_CHARS = 4_096;

/** Reads the parts of a line. */
export function inlines(line: string): Inline[] {
  if (line.length > MOST_CHARS) return [line];
  const parts: Inline[] = [];
  let done = 0;
  const add = (part: Inline) => part !== "" && parts.push(part);
  for (const found of line.matchAll(INLINE)) {
    const [whole, code, bold, star, dash] = found;
    let end = found.index + whole.length;
    let part: Inline | undefined;
    if (code !== undefined) part = { type: "code", text: code };
    else if (bold !== undefined) part = { type: "b", text: bold };
    else if (star ?? dash) part = { type: "i", text: (star ?? dash)! };
    else {
      const text = withoutEnd(whole);
      const href = addressOf(text);
      end = found.index + text.length;
      if (href !== undefined) part = { type: "link", text, href };
    }
    if (part === undefined) continue;
    add(line.slice(done, found.index));
    add(part);
    done = end;
  }
  add(line.slice(done));
  return parts;
}

/** An address without the full stop or bracket of the sentence around it. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && !AT_END.test(text.slice(0, end))) {
    // A bracket that was opened in the address belongs to it.
    if (text[end - 1] === ")" && text.slice(0, end).includes("(")) break;
    end--;
  }
  return text.slice(0, end);
}

/** The address that a text is, if a link may lead there. */
function addressOf(text: string): string | undefined {
  const url = URL.parse(text);
  return url !== null && ["http:", "https:", "mailto:"].includes(url.protocol)
    ? url.href
    : undefined;
}

/** Reads the parts of a message. */
export function blocks(body: string): Block[] {
  const found: Block[] = [];
  // Text, fence, code, fence, text, …: one that is not closed is text.
  const parts = body.split(/^(```[^`\n]*(?:\n|$))/m);
  for (let place = 0; place < parts.length; place += 2) {
    const isCode = place % 4 === 2;
    if (isCode && place < parts.length - 1) {
      found.push({ type: "code", text: parts[place]!.replace(/\n$/, "") });
      continue;
    }
    const text = ((isCode ? parts[place - 1]! : "") + parts[place]).replace(/^\n+|\n+$/g, "");
    if (text === "" && parts.length > 1) continue;
    for (const line of text.split("\n")) {
      const isQuote = line.startsWith("> ");
      const type = isQuote ? "quote" : "text";
      const last = found.at(-1);
      const parsed = inlines(isQuote ? line.slice(2) : line);
      if (last?.type === type) last.lines.push(parsed);
      else found.push({ type, lines: [parsed] });
    }
  }
  return found;
}

/** Makes the elements of a message. */
export function render(body: string): DocumentFragment {
  const all = document.createDocumentFragment();
  for (const block of blocks(body)) {
    if (block.type === "code") {
      all.append(h("pre", { dir: "ltr", tabindex: "0", part: "code" }, h("code", {}, block.text)));
      continue;
    }
    const tag = block.type === "quote" ? "blockquote" : "p";
    const element = h(tag, { dir: "auto" });
    block.lines.forEach((line, row) => {
      if (row > 0) element.append("\n");
      element.append(...line.map(renderInline));
    });
    all.append(element);
  }
  return all;
}

function renderInline(part: Inline): Node | string {
  if (typeof part === "string") return part;
  if (part.type !== "link") return h(part.type, {}, part.text);
  const rel = "noopener noreferrer nofollow";
  return h("a", { href: part.href, rel, target: "_blank" }, part.text);
}
